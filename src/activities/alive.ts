import { Context } from '@temporalio/activity';

const heartbeatIntervalMs = 1_000;

/**
 * Lets a call be seen alive: a worker that dies in it is noticed after the heartbeat time-out, not
 * after the whole call.
 */
export async function alive<Answer>(
  call: Promise<Answer>,
  progress: () => unknown = () => undefined,
): Promise<Answer> {
  const beat = setInterval(() => Context.current().heartbeat(progress()), heartbeatIntervalMs);
  try {
    return await call;
  } finally {
    clearInterval(beat);
  }
}
