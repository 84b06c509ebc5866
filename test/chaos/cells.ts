import type { OpId } from '../../src/domain/index.js';
import type { MessageFault } from '../support/message-proxy.js';

/** Where messages pass: from a client to the gateway, and from a worker to all that it needs. */
export const sockets = ['gateway', 'postgres', 'temporal', 'provider'] as const;
export type SocketName = (typeof sockets)[number];

/** A fault at one message of one operation. */
export interface Cell {
  readonly socket: SocketName;
  /** From 1 on. */
  readonly message: number;
  readonly fault: MessageFault;
}

export interface PlayedCell extends Cell {
  /** False when the operation ended before such a message came. */
  readonly struck: boolean;
  readonly endedAfterMs: number;
  /** Undefined when it could not be started. */
  readonly opId?: OpId;
  /** Undefined when it ended as it should. */
  readonly violation?: string;
}

/** What befell one operation; travels to the chaos command with the result of its test. */
export interface Befallen {
  readonly operation: string;
  readonly seed: number;
  /** Counted where nothing went wrong. */
  readonly messages: Readonly<Record<SocketName, number>>;
  readonly cells: readonly PlayedCell[];
}

declare module 'vitest' {
  interface TaskMeta {
    befallen?: Befallen;
  }
}

/** What `--cell` takes behind the operation. */
export function nameOf({ socket, message, fault }: Cell): string {
  return `${socket}/${message}/${fault}`;
}

/** Each violation, with the way to see it again. */
export function violationsOf({ operation, seed, cells }: Befallen): readonly string[] {
  return cells.flatMap(({ violation, ...cell }) => {
    if (violation === undefined) return [];
    const again = `npm run chaos -- --cell '${operation}/${nameOf(cell)}' --seed ${seed}`;
    return [`${operation}/${nameOf(cell)}: ${violation}\nThe same again: ${again}`];
  });
}
