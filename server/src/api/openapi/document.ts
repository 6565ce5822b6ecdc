import { EXPLANATIONS } from '../problems/problem-explanations.ts';
import { type ProblemCode, PROBLEMS } from '../problems/problem.ts';
import { ProblemAnswer } from './answers.ts';
import {
  type DescribedOperation,
  describeOperations,
  type DocumentedRoute,
  toAccessSentence,
} from './described-operation.ts';
import { type GoodAnswer, type Operations, TAGS } from './operation.ts';
import { type Components, type PublicSchema, toPublicSchema } from './public-schema.ts';

type MediaType = { schema: PublicSchema; example?: unknown; examples?: Record<string, { value: unknown }> };

type ResponseObject = {
  description: string;
  headers: Record<string, { $ref: string }>;
  content?: Record<string, MediaType>;
};

/** One operation as OpenAPI has it. */
export type OperationObject = {
  operationId: string;
  tags: string[];
  summary: string;
  description: string;
  security: Record<string, string[]>[];
  parameters: DescribedOperation['parameters'];
  requestBody?: { required: true; content: Record<string, { schema: PublicSchema; example?: unknown }> };
  responses: Record<string, ResponseObject>;
};

/** An OpenAPI 3.1 document, as far as this API has need of it. */
export type OpenApiDocument = {
  openapi: '3.1.0';
  info: Record<string, unknown>;
  servers: { url: string; description: string }[];
  tags: { name: string; description: string }[];
  paths: Record<string, Record<string, OperationObject>>;
  components: {
    schemas: Record<string, PublicSchema>;
    headers: Record<string, { description: string; schema: PublicSchema }>;
    securitySchemes: Record<string, Record<string, string>>;
  };
};

/** The document of these routes. What a route checks by is taken from the route itself, the rest from its operation. */
export function createDocument(routes: readonly DocumentedRoute[], operations: Operations): OpenApiDocument {
  const components: Components = new Map();
  const problem = toPublicSchema(ProblemAnswer, components);
  const paths: OpenApiDocument['paths'] = {};
  for (const described of describeOperations(routes, operations, components)) {
    const { path, method } = described;
    paths[path] = { ...paths[path], [method]: toOperationObject(described, { problem, components }) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Mail service',
      version: '1.0.0',
      description: INTRODUCTION,
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/', description: 'This server' }],
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    paths,
    components: {
      schemas: Object.fromEntries(components),
      headers: HEADERS,
      securitySchemes: SECURITY_SCHEMES,
    },
  };
}

const INTRODUCTION = `JSON in and out, times in ISO 8601 (UTC), ids are UUIDs. Lists are answered in pages, newest first: repeat with \`cursor\` until \`nextCursor\` is null.

Errors are \`application/problem+json\` with a \`code\` from one closed list, explained at [/docs/errors](/docs/errors). A path that exists with other methods is 405 \`method_not_allowed\`.`;

const SECURITY_SCHEMES = {
  apiKey: {
    type: 'apiKey',
    in: 'header',
    name: 'X-Api-Key',
    description: 'The key as it is: `mk_live_...` or `mk_test_...`',
  },
  bearer: { type: 'http', scheme: 'bearer', description: 'The same key as a bearer token' },
};

const integer = (description: string) => ({ description, schema: { type: 'integer', minimum: 0 } });

const HEADERS = {
  RequestId: {
    description: "The caller's own id where it sent a sane one as `X-Request-Id`; it is in the log",
    schema: { type: 'string' },
  },
  Traceparent: { description: 'The trace of the request (W3C)', schema: { type: 'string' } },
  RateLimitLimit: integer('Requests a minute; only for clients that have a limit'),
  RateLimitRemaining: integer('What is left of them'),
  RateLimitReset: integer('Seconds until all are there again'),
  RetryAfter: integer('Seconds to wait before trying again'),
};

const referTo = (name: keyof typeof HEADERS) => ({ $ref: `#/components/headers/${name}` });
const EVERYWHERE = { 'X-Request-Id': referTo('RequestId'), traceparent: referTo('Traceparent') };
const WITH_KEY = {
  ...EVERYWHERE,
  'RateLimit-Limit': referTo('RateLimitLimit'),
  'RateLimit-Remaining': referTo('RateLimitRemaining'),
  'RateLimit-Reset': referTo('RateLimitReset'),
};

type Parts = { problem: PublicSchema; components: Components };

function toOperationObject(described: DescribedOperation, parts: Parts): OperationObject {
  const { operation, body } = described;
  const isOpen = operation.access.caller === 'nobody';
  return {
    operationId: described.id,
    tags: [operation.tag],
    summary: operation.summary,
    description: [operation.description, toAccessSentence(operation)].filter(Boolean).join('\n\n'),
    security: isOpen ? [] : [{ apiKey: [] }, { bearer: [] }],
    parameters: described.parameters,
    ...(body && { requestBody: { required: true, content: { [body.contentType]: toBodyContent(body) } } }),
    responses: toResponses(described, parts),
  };
}

function toBodyContent({ schema, example }: NonNullable<DescribedOperation['body']>) {
  return { schema, ...(example === undefined ? {} : { example }) };
}

function toResponses({ operation, codes }: DescribedOperation, parts: Parts): OperationObject['responses'] {
  const headers = operation.access.caller === 'nobody' ? EVERYWHERE : WITH_KEY;
  const responses: OperationObject['responses'] = {};
  for (const [status, answer] of Object.entries(operation.answers)) {
    responses[status] = { description: answer.description, headers, ...toContent(answer, parts.components) };
  }
  for (const [status, ofStatus] of Map.groupBy(codes, (code) => String(PROBLEMS[code].status))) {
    const known = responses[status];
    responses[status] = {
      description: [known?.description, ...ofStatus.map((code) => `\`${code}\`: ${EXPLANATIONS[code].cause}`)]
        .filter((line) => line !== undefined)
        .join('\n\n'),
      headers:
        status === '429' || status === '503' ? { ...headers, 'Retry-After': referTo('RetryAfter') } : headers,
      content: { ...known?.content, 'application/problem+json': toProblemContent(ofStatus, parts) },
    };
  }
  return responses;
}

function toContent({ schema, contentType, example }: GoodAnswer, components: Components) {
  if (!schema) return contentType ? { content: { [contentType]: { schema: { type: 'string' } } } } : {};
  const shown = example === undefined ? {} : { example };
  return { content: { 'application/json': { schema: toPublicSchema(schema, components), ...shown } } };
}

const EXAMPLE_REQUEST_ID = '019a8f43-4e5f-7c66-9071-8293a4b5c6d7';

function toProblemContent(codes: readonly ProblemCode[], { problem }: Parts): MediaType {
  const examples = codes.map((code) => {
    const { status, title } = PROBLEMS[code];
    const value = {
      type: `/docs/errors#${code}`,
      title,
      status,
      code,
      detail: EXPLANATIONS[code].cause,
      requestId: EXAMPLE_REQUEST_ID,
    };
    return [code, { value }] as const;
  });
  return {
    schema: { allOf: [problem, { properties: { code: { enum: [...codes] } } }] },
    examples: Object.fromEntries(examples),
  };
}
