import type { FastifyInstance } from 'fastify';

/** Bodies as HTML forms post them: `application/x-www-form-urlencoded`. */
export function formBodies(app: FastifyInstance): void {
  const type = 'application/x-www-form-urlencoded';
  app.addContentTypeParser(type, { parseAs: 'string' }, (_request, body, done) =>
    done(null, new URLSearchParams(String(body))),
  );
}

/** The fields of a form; none for another body. */
export function formOf(body: unknown): URLSearchParams {
  return body instanceof URLSearchParams ? body : new URLSearchParams();
}
