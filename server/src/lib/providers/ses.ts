import type { SESv2Client } from '@aws-sdk/client-sesv2';
import type { HttpAnswer, HttpExchange, HttpRequest } from './http-exchange.ts';
import { classifyStatus, parseAnswerObject, toDown, toOneLine, toThrottled } from './http-outcome.ts';
import { createHttpProvider, type HttpLine, toSendResult } from './http-provider.ts';
import type { OutboundMail, Provider, SendResult } from './provider.ts';

export type SesProviderOptions = {
  /** Shown in timelines and metrics. */
  name: string;
  region: string;
  /** The machine's own by default: environment, profile, container or instance role. */
  credentials?: { accessKeyId: string; secretAccessKey: string; sessionToken?: string } | null;
  /** The set whose event destination tells what became of each mail; none by default. */
  configurationSet?: string | null;
  /** Amazon's own by default. */
  endpoint?: string | null;
  /** Requests under way at once; 20 by default. */
  maxInFlight?: number;
  now?: () => Date;
};

/** The tag that carries our id through SES into its events. */
export const SES_MESSAGE_TAG = 'mail-message-id';

/**
 * Sends the composed bytes through SES v2. Amazon's client signs and finds credentials; the request itself is made by
 * our own exchange, which knows whether the mail left. Nothing is retried in here: the client would count a lost
 * answer as a reason to send again.
 */
export function createSesProvider({ name, maxInFlight = 20, ...options }: SesProviderOptions): Provider {
  const now = options.now ?? (() => new Date());
  let client: Promise<SesClient> | null = null;
  return createHttpProvider({
    name,
    maxInFlight,
    async deliver(mail, line) {
      client ??= openClient(options);
      return deliver(await client, { mail, line, configurationSet: options.configurationSet ?? null, now });
    },
  });
}

/** What happened on the line during one call; the client's own errors do not tell. */
type Call = { line: HttpLine; outcome: HttpExchange | null; thrown: { error: unknown } | null };

type SesClient = {
  sdk: typeof import('@aws-sdk/client-sesv2');
  client: SESv2Client;
  /** The client hands its signal through to the request handler: so a call is found again there. */
  calls: WeakMap<AbortSignal, Call>;
};

async function openClient(options: Omit<SesProviderOptions, 'name'>): Promise<SesClient> {
  const sdk = await import('@aws-sdk/client-sesv2');
  const calls: SesClient['calls'] = new WeakMap();
  const client = new sdk.SESv2Client({
    region: options.region,
    maxAttempts: 1,
    requestHandler: createRequestHandler(calls),
    ...(options.credentials && { credentials: options.credentials }),
    ...(options.endpoint && { endpoint: options.endpoint }),
  });
  return { sdk, client, calls };
}

type SdkRequest = {
  protocol: string;
  hostname: string;
  port?: number;
  path: string;
  method: string;
  headers: Record<string, string>;
  body?: unknown;
};

type SdkResponse = { response: { statusCode: number; headers: Record<string, string>; body: Uint8Array } };

function createRequestHandler(calls: SesClient['calls']) {
  return {
    metadata: { handlerProtocol: 'http/1.1' },
    async handle(request: SdkRequest, options: { abortSignal?: unknown } = {}): Promise<SdkResponse> {
      const call = options.abortSignal instanceof AbortSignal ? calls.get(options.abortSignal) : undefined;
      if (!call) throw new Error('a request of the client belongs to no mail');
      const outcome = await goOrKeepError(call, toHttpRequest(request));
      call.outcome = outcome;
      if (outcome.kind !== 'answered') throw new Error(outcome.reason);
      return {
        response: {
          statusCode: outcome.status,
          headers: Object.fromEntries(outcome.headers.entries()),
          body: new TextEncoder().encode(outcome.body),
        },
      };
    },
    updateHttpClientConfig() {},
    httpHandlerConfigs: () => ({}),
    destroy() {},
  };
}

/** The client writes on errors that pass through it; the hand-over's has to reach the caller as it was. */
async function goOrKeepError(call: Call, request: HttpRequest): Promise<HttpExchange> {
  try {
    return await call.line.go(request);
  } catch (error) {
    call.thrown = { error };
    throw new Error('the hand-over was refused', { cause: error });
  }
}

function toHttpRequest({ protocol, hostname, port, path, method, headers, body }: SdkRequest): HttpRequest {
  const { host: _, 'content-length': __, ...rest } = headers;
  return {
    method,
    url: `${protocol}//${hostname}${port === undefined ? '' : `:${port}`}${path}`,
    headers: rest,
    body: typeof body === 'string' ? new TextEncoder().encode(body) : toBytes(body),
  };
}

function toBytes(body: unknown): Uint8Array {
  if (body instanceof Uint8Array) return body;
  throw new TypeError('the client made a request without a body');
}

type Delivery = { mail: OutboundMail; line: HttpLine; configurationSet: string | null; now: () => Date };

async function deliver(
  { sdk, client, calls }: SesClient,
  { mail, line, configurationSet, now }: Delivery,
): Promise<SendResult> {
  const { signal } = line;
  if (signal.aborted) return toDown('aborted');
  // A signal of its own, as one may be shared by several mails.
  const abortSignal = AbortSignal.any([signal]);
  const call: Call = { line, outcome: null, thrown: null };
  calls.set(abortSignal, call);
  const command = new sdk.SendEmailCommand({
    FromEmailAddress: mail.envelope.from,
    // With raw content these are the envelope alone; the header shows what we composed.
    Destination: { ToAddresses: [...mail.envelope.to] },
    Content: { Raw: { Data: mail.mime } },
    EmailTags: [{ Name: SES_MESSAGE_TAG, Value: mail.messageId }],
    ...(configurationSet !== null && { ConfigurationSetName: configurationSet }),
  });
  try {
    const { MessageId: id } = await client.send(command, { abortSignal });
    if (id) return { kind: 'sent', providerMessageId: id, response: id, refused: [], isDelivered: false };
    return { kind: 'ambiguous', reason: 'an answer without a message id' };
  } catch (error) {
    if (call.thrown) throw call.thrown.error;
    if (call.outcome)
      return toSendResult(call.outcome, (answer) => readFailure(answer, { error, now: now() }));
    // Nothing went out: no credentials, no region, a request that could not be made.
    return toDown(signal.aborted ? 'aborted' : toOneLine(describe(error)));
  }
}

/** By Amazon's names for errors (SES v2 and those common to all its APIs); the status decides about unknown ones. */
function readFailure(answer: HttpAnswer, { error, now }: { error: unknown; now: Date }): SendResult {
  const name = nameIn(answer, error);
  const words = toOneLine(parseAnswerObject(answer) ? describe(error) : answer.body);
  const response = `${answer.status} ${words}`.trim();
  if (answer.status < 300) return { kind: 'ambiguous', reason: response };
  if (THROTTLED.has(name)) return toThrottled(answer, { words, now });
  if (DOWN.has(name)) return toDown(response);
  if (REJECTED.has(name)) return { kind: 'rejected', response, refused: [] };
  return classifyStatus(answer, { words, now });
}

const THROTTLED = new Set([
  'TooManyRequestsException',
  'ThrottlingException',
  'Throttling',
  'ThrottledException',
  'RequestLimitExceeded',
  'RequestThrottled',
  'RequestThrottledException',
  'LimitExceededException',
]);

/** About the account, the credentials, the configuration or SES itself: every mail would meet the same. */
const DOWN = new Set([
  'AccountSuspendedException',
  'SendingPausedException',
  'NotFoundException',
  'AccessDenied',
  'AccessDeniedException',
  'NotAuthorized',
  'OptInRequired',
  'ExpiredToken',
  'ExpiredTokenException',
  'IncompleteSignature',
  'IncompleteSignatureException',
  'InvalidClientTokenId',
  'InvalidSignatureException',
  'MissingAuthenticationToken',
  'MissingAuthenticationTokenException',
  'RequestExpired',
  'SignatureDoesNotMatch',
  'UnrecognizedClientException',
  'InternalFailure',
  'InternalServerError',
  'InternalServiceError',
  'InternalServiceErrorException',
  'ServiceUnavailable',
  'ServiceUnavailableException',
]);

const REJECTED = new Set([
  'MessageRejected',
  'MailFromDomainNotVerifiedException',
  'BadRequestException',
  'InvalidParameterValue',
  'InvalidParameterValueException',
  'ValidationError',
  'ValidationException',
]);

/** The header holds the name even where the body is cut or is no JSON. */
function nameIn({ headers }: HttpAnswer, error: unknown): string {
  const header = headers.get('x-amzn-errortype')?.split(':')[0] ?? '';
  return header === '' && error instanceof Error ? error.name : header;
}

function describe(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
