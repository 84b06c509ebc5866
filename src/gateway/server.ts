import Fastify from 'fastify';
import {
  serializerCompiler,
  validatorCompiler,
  type ZodTypeProvider,
} from 'fastify-type-provider-zod';
import { nanoid } from 'nanoid';
import type { z } from 'zod';
import { createAcceptance } from './acceptance.js';
import { accountRoutes } from './accounts.js';
import { boundArrival } from './arrival.js';
import type { App, GatewayDeps } from './app.js';
import { requireCallers } from './auth.js';
import { takeJsonOnly } from './body.js';
import { approvalRoutes } from './approvals.js';
import { caseRoutes } from './cases.js';
import { verifyRoutes } from './verify.js';
import { drainRequests } from './drain.js';
import { createEnds } from './ends.js';
import { fileRoutes } from './files.js';
import { findingRoutes } from './findings.js';
import { healthRoutes } from './health.js';
import { historyRoutes } from './history.js';
import { holdRoutes } from './holds.js';
import { limits } from './limits.js';
import { methodRoutes } from './methods.js';
import { notificationRoutes } from './notifications.js';
import { observe } from './observe.js';
import { describeApi } from './openapi.js';
import { operationEventRoutes } from './operation-events.js';
import { operationRoutes } from './operations.js';
import { paymentRoutes } from './payments.js';
import { payoutRoutes } from './payouts.js';
import { eventRoutes } from './events.js';
import { providerRoutes } from './providers.js';
import { recipientRoutes } from './recipients.js';
import { refundRoutes } from './refunds.js';
import { reportRoutes } from './reports.js';
import { rideRoutes } from './rides.js';
import {
  answerProblems,
  guardRequests,
  problemOf,
  rawAnswer,
  refuseConnection,
  sendProblem,
} from './transport.js';
import { uploadRoutes } from './uploads.js';
import { webhookRoutes } from './webhooks.js';
import { orderRoutes } from './orders.js';
// new operations go above this line

/**
 * The HTTP gateway, ready to `listen`. `close()` makes it unready at once, refuses what is new,
 * ends waits with what is known, and resolves when every request is answered, or cut after 20 s.
 */
export async function createGateway(deps: GatewayDeps): Promise<App> {
  const app = emptyApp(deps);
  const ends = createEnds(deps);
  const acceptance = createAcceptance(deps, ends);

  // In this order: seen, within limits, on a path, by somebody, and then read.
  observe(app, deps);
  const isClosing = drainRequests(app, ends.stopWaiting);
  answerProblems(app, deps);
  boundArrival(app, deps.requestTimeoutMs);
  guardRequests(app);
  requireCallers(app, deps.verifyToken);
  takeJsonOnly(app);

  await describeApi(app);
  healthRoutes(app, deps.checks, isClosing);
  paymentRoutes(app, { acceptance });
  holdRoutes(app, deps);
  methodRoutes(app, deps);
  refundRoutes(app, { ...deps, acceptance });
  payoutRoutes(app, { acceptance });
  rideRoutes(app, { ...deps, acceptance });
  recipientRoutes(app, deps);
  notificationRoutes(app, { ...deps, acceptance });
  orderRoutes(app, { acceptance });
  // new operations go above this line
  operationRoutes(app, deps);
  operationEventRoutes(app, deps, isClosing);
  historyRoutes(app, deps);
  accountRoutes(app, { ...deps, acceptance });
  approvalRoutes(app, deps);
  caseRoutes(app, deps);
  verifyRoutes(app, deps);
  findingRoutes(app, deps);
  providerRoutes(app, deps);
  eventRoutes(app, deps);
  await webhookRoutes(app, deps);
  await reportRoutes(app, deps);
  await uploadRoutes(app, { ...deps, acceptance });
  fileRoutes(app, deps);
  await app.ready();
  return app;
}

function emptyApp({ outageOf, headersTimeoutMs }: GatewayDeps): App {
  const app = Fastify({
    logger: false,
    genReqId: () => nanoid(),
    requestIdHeader: false,
    trustProxy: false,
    bodyLimit: limits.bodyBytesMax,
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    // Ours is a problem document.
    return503OnClosing: false,
    // Whoever sends half a request and then nothing would be waited for without an end.
    forceCloseConnections: true,
    http: {
      maxHeaderSize: limits.headerBytesMax,
      headersTimeout: headersTimeoutMs ?? limits.headersTimeoutMs,
      connectionsCheckingInterval: limits.connectionsCheckMs,
    },
    routerOptions: { maxParamLength: 255 },
    clientErrorHandler: refuseConnection,
    // A URL that cannot be read comes by no hook and no handler.
    frameworkErrors: (error, request, reply) => {
      reply.header('x-request-id', request.id);
      sendProblem(request, reply, problemOf(error, outageOf));
    },
  }).withTypeProvider<ZodTypeProvider>();
  app.server.on('connect', (_, socket) => socket.end(rawAnswer('method-not-allowed')));
  app.decorateRequest('opId', undefined);
  app.setSerializerCompiler(serializerCompiler);
  // Queries are checked by their schema; the rest is read in the handlers, each with its own code.
  app.setValidatorCompiler<z.ZodType>((route) =>
    route.httpPart === 'querystring' ? validatorCompiler(route) : (value: unknown) => ({ value }),
  );
  return app;
}
