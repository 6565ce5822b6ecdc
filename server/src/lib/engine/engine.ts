import type { Logger } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { createArtifactStore } from './artifact-store.ts';
import type { BuildStore } from './build-store.ts';
import { checkTemplate } from './checker/check-template.ts';
import type { TemplateWarning } from './checker/warning.ts';
import { compileTemplate, type CompileResult } from './compiler.ts';
import { contentHash } from './content-hash.ts';
import { createErrorLocator, type ErrorLocator } from './error-locator.ts';
import { isJsonObject, parseJsonObject, type JsonObject, type JsonValue } from './json-object.ts';
import { resolveLocale } from './locales.ts';
import type { BuildLock } from './locker.ts';
import { assertMacrosAreOff } from './macro-canary.ts';
import { parseSandboxAnswer, type SandboxAnswer } from './sandbox-answer.ts';
import { createLimitWatch, type KillReason } from './sandbox/limit-watch.ts';
import type { LocaleRequest } from './sandbox/render-request.ts';
import { readProcessUsage } from './sandbox/process-usage.ts';
import { hideFromChildren, type SandboxMode } from './sandbox/lockdown.ts';
import { DEFAULT_RENDER_LIMITS, type RenderLimits } from './sandbox/render-limits.ts';
import { buildRuntimeBundle, computeEngineVersion } from './sandbox/runtime-bundle.ts';
import { createSandboxPool, type SandboxPool } from './sandbox/sandbox-pool.ts';
import type { SandboxJob, SandboxOutcome } from './sandbox/sandbox-process.ts';
import { createSandboxStarter } from './sandbox/warm-sandbox.ts';
import { formatSourceErrors, type SourceError } from './source-errors.ts';
import type { TemplateSources } from './template-sources.ts';
import { createTemplateLookup, type TemplateLookup } from './template-lookup.ts';

export type { JsonObject, RenderLimits, SourceError, TemplateSources, TemplateWarning };

export type RenderFailure = {
  ok: false;
  code:
    | 'template_build_failed'
    | 'template_timeout'
    | 'template_error'
    | 'template_output_too_large'
    | 'template_memory';
  message: string;
  /** The places in the sources, those of an error that was thrown while rendering included. */
  errors: readonly SourceError[];
};

export type RenderSuccess = {
  ok: true;
  /** One line without control characters; null when the template exports none. */
  subject: string | null;
  html: string;
  text: string;
  contentHash: string;
  engineVersion: string;
};

/** `schema` is null when the template exports none. */
export type CheckSuccess = RenderSuccess & {
  schema: JsonObject | null;
  previewProps: JsonObject;
  warnings: readonly TemplateWarning[];
  /** As the template exports them: texts, not yet checked to be an address and headers. */
  from: string | null;
  headers: Record<string, string>;
};

export type RenderInput = {
  /** Whose process renders: one client's templates never share one with another's. */
  sandboxKey: string;
  template: { contentHash: string; load(): Promise<TemplateSources> };
  /** The props as JSON text, exactly as they were accepted. */
  propsJson: string;
  /** What `Date` reports (milliseconds since 1970) and what seeds `Math.random`. */
  pins: { now: number; seed: string };
  /** From `resolveLocale`; without one the template gets neither `t` nor `locale`. */
  locale?: LocaleRequest | null;
};

export type CheckInput = { sandboxKey: string; sources: TemplateSources };

export type Engine = {
  /** Changes whenever the output could: with React, react-email, Tailwind, Bun, or our own runtime. */
  readonly version: string;
  /** Renders a stored template. Throws only when no sandbox can be started or the sources cannot be loaded. */
  render(input: RenderInput): Promise<RenderSuccess | RenderFailure>;
  /** Compiles and renders with the template's own `PreviewProps`, for a template that is being pushed. */
  check(input: CheckInput): Promise<CheckSuccess | RenderFailure>;
  /** Ends every sandbox and resolves when they are gone. */
  close(): Promise<void>;
};

export type EngineOptions = {
  /** Folder for compiled code. It may be empty, shared with other instances, or read-only. */
  distDir: string;
  /** Compiled code that all instances share; without it each compiles for its own disk. */
  builds?: BuildStore;
  lock: BuildLock;
  logger: Logger;
  metrics: Metrics;
  limits?: Partial<RenderLimits>;
  /** `trusted` leaves the filter of system calls out; docs/decisions/0017-sandbox-setting.md says what that means. */
  sandboxMode?: SandboxMode;
  /** Refuse to start when the system cannot lock sandboxes in, instead of warning. */
  isLockRequired?: boolean;
  /** Called when the first sandbox is on its way: whoever has the event loop to itself until then gets it the sooner. */
  onStarting?: () => void;
};

/** Time and seed of what is rendered without a message to take them from: the check of a push, and previews. */
export const PREVIEW_PINS = { now: Date.UTC(2025, 0, 1, 12), seed: 'check' } as const;

const MAX_SCHEMA_BYTES = 256 * 1024;
const MAX_MAIL_BYTES = 256 * 1024;

const UNLOCKED =
  'this system cannot lock the sandboxes of templates in: push only templates that you would run as a program';

/** JSON escapes a character into six bytes at worst; the pipe is cut at this many bytes for one allowed. */
const ANSWER_BYTES_PER_OUTPUT_BYTE = 6;

/**
 * Starts the engine: proves that macros are off, loads or builds the sandbox's runtime, and waits for a first warm
 * sandbox. Throws when any of it fails; a service without its engine must not say that it is ready.
 */
export async function createEngine({
  distDir,
  builds,
  lock,
  logger,
  metrics,
  limits: given,
  sandboxMode = 'full',
  isLockRequired = false,
  onStarting,
}: EngineOptions): Promise<Engine> {
  const limits = { ...DEFAULT_RENDER_LIMITS, ...given };
  // Beside the start of the first sandbox; nothing of a client is compiled before it is known.
  const macrosAreOff = assertMacrosAreOff();
  void Promise.allSettled([macrosAreOff]);
  const version = computeEngineVersion();
  const lookup = createTemplateLookup({
    store: createArtifactStore({ dir: distDir }),
    builds: builds ?? null,
    lock,
    logger,
    metrics,
  });
  const runtimeCode = await loadRuntime(lookup, version);
  hideFromChildren();
  const starter = createSandboxStarter({
    runtimeCode,
    mode: sandboxMode,
    isLockRequired,
    onUnlocked: () => logger.warn(UNLOCKED),
    watch: createLimitWatch({ readUsage: readProcessUsage, now: () => performance.now(), startTicker }),
    maxAnswerBytes: limits.maxOutputBytes * ANSWER_BYTES_PER_OUTPUT_BYTE + MAX_SCHEMA_BYTES * 4,
  });
  const onKill = (sandboxKey: string, reason: KillReason | 'died'): void => {
    metrics.sandboxKills.add(1, { reason });
    logger.warn({ sandboxKey, reason }, 'a sandbox process was ended');
  };
  const readMemory = (pid: number): number | null => readProcessUsage(pid).privateBytes;
  const onWait = (waitMs: number): void => metrics.sandboxWait.record(waitMs);
  const pool = createSandboxPool({ starter, limits, onKill, onWait, readMemory });
  onStarting?.();
  await closeOnFailure(pool, async () => void (await Promise.all([macrosAreOff, pool.ready()])));
  const unwatch = metrics.pools.watch('sandbox', pool.use);
  const locator = createErrorLocator({ logger });
  const context: RenderContext = { version, lookup, pool, limits, locator, metrics };

  return {
    version,
    async render(input) {
      const startedAt = performance.now();
      const result = await renderStored(context, input);
      metrics.renderTime.record(performance.now() - startedAt, { result: result.ok ? 'ok' : result.code });
      return result;
    },
    check: (input) => checkSources(context, input),
    async close() {
      unwatch();
      await pool.close();
    },
  };
}

type RenderContext = {
  metrics: Pick<Metrics, 'renderPaths'>;
  version: string;
  lookup: TemplateLookup;
  pool: SandboxPool;
  limits: RenderLimits;
  locator: ErrorLocator;
};

function startTicker(tick: () => void, intervalMs: number): () => void {
  const timer = setInterval(tick, intervalMs);
  return () => clearInterval(timer);
}

async function closeOnFailure(pool: SandboxPool, step: () => Promise<void>): Promise<void> {
  try {
    await step();
  } catch (error) {
    await pool.close();
    throw error;
  }
}

/** The runtime is an artifact like a compiled template: found on disk, or built once under the lock. */
async function loadRuntime(lookup: TemplateLookup, version: string): Promise<string> {
  const result = await lookup.find(`runtime-${version}`, async () => ({
    ok: true,
    code: await buildRuntimeBundle(),
  }));
  if (!result.ok) throw new Error('The sandbox runtime does not bundle');
  return result.code;
}

async function renderStored(
  context: RenderContext,
  input: RenderInput,
): Promise<RenderSuccess | RenderFailure> {
  const { template, sandboxKey, propsJson, pins, locale } = input;
  const propsBytes = Buffer.byteLength(propsJson);
  const { maxPropsBytes } = context.limits;
  if (propsBytes > maxPropsBytes) {
    return failure('template_error', `The props have ${propsBytes} bytes; ${maxPropsBytes} are allowed`);
  }
  const compiled = await compileOnce(context, template.contentHash, () => template.load());
  if (!compiled.ok) return buildFailure(compiled.errors);
  const job = {
    code: compiled.code,
    mode: 'render',
    propsJson,
    ...pins,
    locale: toLocaleRequest(locale),
  } as const;
  const load = (): Promise<TemplateSources> => template.load();
  const answer = await runJob(context, { sandboxKey, hash: template.contentHash, load, job });
  return 'code' in answer ? answer : toSuccess(context, template.contentHash, answer);
}

async function checkSources(
  context: RenderContext,
  input: CheckInput,
): Promise<CheckSuccess | RenderFailure> {
  const { sandboxKey, sources } = input;
  const hashed = contentHash(sources);
  if (!hashed.ok) return buildFailure(hashed.errors);
  const compiled = await compileOnce(context, hashed.hash, async () => sources);
  if (!compiled.ok) return buildFailure(compiled.errors);
  const locale = toLocaleRequest(resolveLocale(sources, null));
  const job = { code: compiled.code, mode: 'check', propsJson: '{}', ...PREVIEW_PINS, locale } as const;
  const load = async (): Promise<TemplateSources> => sources;
  const answer = await runJob(context, { sandboxKey, hash: hashed.hash, load, job });
  if ('code' in answer) return answer;
  const schema = readMember(answer.schemaJson, 'schema');
  if (!schema.ok) return schema;
  const previewProps = readMember(answer.previewPropsJson, 'PreviewProps');
  if (!previewProps.ok) return previewProps;
  const mail = readMail(answer.mailJson);
  if (!mail.ok) return mail;
  const success = toSuccess(context, hashed.hash, answer);
  const warnings = checkTemplate({ html: success.html, sources });
  const { from, headers } = mail;
  return {
    ...success,
    schema: schema.value,
    previewProps: previewProps.value ?? {},
    warnings,
    from,
    headers,
  };
}

function toLocaleRequest(locale: LocaleRequest | null | undefined): LocaleRequest | undefined {
  return locale ? { tag: locale.tag, chain: locale.chain } : undefined;
}

function readMember(
  json: string | null,
  name: string,
): { ok: true; value: JsonObject | null } | RenderFailure {
  if (json === null) return { ok: true, value: null };
  if (Buffer.byteLength(json) > MAX_SCHEMA_BYTES)
    return failure('template_error', `The export "${name}" is too large`);
  const value = parseJsonObject(json);
  return value === null
    ? failure('template_error', `The export "${name}" is not an object`)
    : { ok: true, value };
}

function readMail(
  json: string | null,
): { ok: true; from: string | null; headers: Record<string, string> } | RenderFailure {
  if (json !== null && Buffer.byteLength(json) > MAX_MAIL_BYTES)
    return failure('template_error', 'The exports "from" and "headers" are too large');
  const { from = null, headers = {} } = parseJsonObject(json ?? '{}') ?? {};
  if (from !== null && typeof from !== 'string')
    return failure('template_error', 'The export "from" must be a text such as "Shop <shop@example.com>"');
  if (!isStringMap(headers))
    return failure('template_error', 'The export "headers" must be an object of texts');
  return { ok: true, from, headers };
}

function isStringMap(value: JsonValue): value is Record<string, string> {
  return isJsonObject(value) && Object.values(value).every((member) => typeof member === 'string');
}

function compileOnce(
  { lookup, version }: RenderContext,
  hash: string,
  load: () => Promise<TemplateSources>,
): Promise<CompileResult> {
  // it becomes a file name
  if (!/^[0-9a-f]{64}$/.test(hash)) throw new Error('A content hash is not a SHA-256 in hex');
  const compile = async (): Promise<CompileResult> => {
    const sources = await load();
    const hashed = contentHash(sources);
    if (!hashed.ok) return hashed;
    if (hashed.hash !== hash)
      throw new Error('The sources of a template are not those that its content hash names');
    return compileTemplate(sources);
  };
  return lookup.find(`${version}-${hash}`, compile, { contentHash: hash, engineVersion: version });
}

type JobInput = {
  sandboxKey: string;
  hash: string;
  load: () => Promise<TemplateSources>;
  job: Omit<SandboxJob, 'codeHash' | 'maxOutputUnits'>;
};

type OkAnswer = Extract<SandboxAnswer, { status: 'ok' }>;

async function runJob(
  context: RenderContext,
  { sandboxKey, hash, load, job }: JobInput,
): Promise<OkAnswer | RenderFailure> {
  const { maxOutputBytes } = context.limits;
  const outcome = await context.pool.run(sandboxKey, {
    ...job,
    codeHash: hash,
    maxOutputUnits: maxOutputBytes,
  });
  if (outcome.kind !== 'answer') return killedFailure(outcome, context.limits);
  const answer = parseSandboxAnswer(outcome.json);
  if (answer.status !== 'ok') return answerFailure(context, answer, { hash, code: job.code, load });
  context.metrics.renderPaths.add(1, { path: answer.path });
  const bytes = Buffer.byteLength(answer.html) + Buffer.byteLength(answer.text);
  if (bytes <= maxOutputBytes) return answer;
  return failure(
    'template_output_too_large',
    `The rendered mail has ${bytes} bytes; ${maxOutputBytes} are allowed`,
  );
}

async function answerFailure(
  { locator }: RenderContext,
  answer: Exclude<SandboxAnswer, { status: 'ok' }>,
  failed: Parameters<ErrorLocator['locate']>[1],
): Promise<RenderFailure> {
  if (answer.status === 'too_large') return failure('template_output_too_large', answer.message);
  const errors = await locator.locate(answer, failed);
  const message = errors.length > 0 ? formatSourceErrors(errors) : answer.message;
  return { ...failure('template_error', message), errors };
}

function killedFailure(
  outcome: Exclude<SandboxOutcome, { kind: 'answer' }>,
  limits: RenderLimits,
): RenderFailure {
  if (outcome.kind === 'died')
    return failure('template_error', 'The sandbox process ended while it rendered');
  switch (outcome.reason) {
    case 'memory':
    case 'memory_together':
      return failure('template_memory', `The template used more than ${limits.maxRssBytes} bytes of memory`);
    case 'output':
      return failure(
        'template_output_too_large',
        `The rendered mail has more than ${limits.maxOutputBytes} bytes`,
      );
    case 'cpu':
      return failure('template_timeout', `The template used more than ${limits.cpuMs} ms of CPU`);
    case 'wall':
    case 'unresponsive':
      return failure('template_timeout', `The template took more than ${limits.wallMs} ms`);
  }
}

function toSuccess(
  { version }: RenderContext,
  hash: string,
  { subject, html, text }: OkAnswer,
): RenderSuccess {
  const line = subject === null ? null : toSubjectLine(subject);
  return { ok: true, subject: line, html, text, contentHash: hash, engineVersion: version };
}

/** A line break in a subject would begin another header field; a template literal may hold one innocently. */
function toSubjectLine(subject: string): string {
  return subject.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ').trim();
}

function buildFailure(errors: readonly SourceError[]): RenderFailure {
  return { ok: false, code: 'template_build_failed', message: formatSourceErrors(errors), errors };
}

function failure(code: RenderFailure['code'], message: string): RenderFailure {
  return { ok: false, code, message, errors: [] };
}
