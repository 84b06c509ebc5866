import fastifySwagger from '@fastify/swagger';
import fastifySwaggerUi from '@fastify/swagger-ui';
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod';
import type { App } from './app.js';

const description = `
Durable money operations: every one ends settled, refused, or in front of a person.

Amounts are whole minor units. Everything that moves money takes an \`Idempotency-Key\`: the same
key is the same operation for ever, and with another body it is an error that names the fields. Of
a name that stands twice in a body the last one counts. Errors are problem documents (RFC 9457)
with a stable \`code\`: a body with one fault has that fault's code, one with several
\`validation-failed\`.
`.trim();

/** The description of the API from its own schemas: `/openapi.json`, and `/docs` for people. */
export async function describeApi(app: App): Promise<void> {
  await app.register(fastifySwagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Holdfast', version: '1', description, license: { name: 'Apache-2.0' } },
      security: [{ bearer: [] }],
      components: {
        securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
      },
    },
    transform: jsonSchemaTransform,
    transformObject: (document) => withoutInputs(jsonSchemaTransformObject(document)),
  });
  await app.register(async (docs) => {
    docs.addHook('onRoute', (route) => {
      route.config = { ...route.config, access: 'open' };
      route.schema = { ...route.schema, hide: true };
    });
    await docs.register(fastifySwaggerUi, { routePrefix: '/docs', staticCSP: true });
    docs.get('/openapi.json', async () => app.swagger());
  });
}

// Each named schema comes twice, as it is written and as it is read; requests name none.
function withoutInputs<Document extends object>(document: Document): Document {
  const { components } = document as { components?: { schemas?: Record<string, unknown> } };
  const schemas = components?.schemas ?? {};
  for (const name of Object.keys(schemas)) if (name.endsWith('Input')) delete schemas[name];
  return document;
}
