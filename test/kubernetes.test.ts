import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Deployment } from 'kubernetes-models/apps/v1/Deployment';
import { HorizontalPodAutoscaler } from 'kubernetes-models/autoscaling/v2/HorizontalPodAutoscaler';
import { Job } from 'kubernetes-models/batch/v1/Job';
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1/PodDisruptionBudget';
import { Namespace } from 'kubernetes-models/v1/Namespace';
import { Service } from 'kubernetes-models/v1/Service';
import { ServiceAccount } from 'kubernetes-models/v1/ServiceAccount';
import manifest from '../server/package.json';
import { describeSettings, parseConfig } from '../server/src/config.ts';
import { collectOutput } from '../server/test/support/collect-output.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const FOLDER = join(ROOT, 'examples/kubernetes');

const MODELS = {
  Deployment,
  HorizontalPodAutoscaler,
  Job,
  Namespace,
  PodDisruptionBudget,
  Service,
  ServiceAccount,
};

type Json = { [name: string]: unknown };

function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What is at a path of names and indexes; undefined where there is nothing. */
function at(value: unknown, ...path: (string | number)[]): unknown {
  return path.reduce<unknown>((inner, name) => Object(inner)[name], value);
}

function readYaml(name: string): Json[] {
  const parsed: unknown = Bun.YAML.parse(readFileSync(join(FOLDER, name), 'utf8'));
  return (Array.isArray(parsed) ? parsed : [parsed]).filter(isJson);
}

function readEnv(name: string): Record<string, string> {
  const lines = readFileSync(join(FOLDER, name), 'utf8').split('\n').filter(Boolean);
  return Object.fromEntries(
    lines.map((line) => [line.split('=')[0] ?? '', line.slice(line.indexOf('=') + 1)]),
  );
}

const [kustomization = {}] = readYaml('kustomization.yaml');
const listed = at(kustomization, 'resources');
const files = Array.isArray(listed) ? listed.map(String) : [];
const resources = files.flatMap(readYaml);
const named = (kind: string) => resources.filter((resource) => resource['kind'] === kind);
const podOf = (resource: Json) => at(resource, 'spec', 'template', 'spec');
const workloads = [...named('Deployment'), ...named('Job')];
const cases = workloads.map((resource): [string, Json] => [
  String(at(resource, 'metadata', 'name')),
  resource,
]);

describe('the manifests', () => {
  test('are all there, and all in the kustomization', () => {
    const present = readdirSync(FOLDER).filter((name) => name.endsWith('.yaml'));
    expect(present.toSorted()).toEqual([...files, 'kustomization.yaml'].toSorted());
    expect(resources.length).toBeGreaterThan(files.length);
    expect(at(kustomization, 'images', 0, 'newTag')).toBe(manifest.version);
  });

  test.each(resources.map((resource): [string, Json] => [`${resource['kind']}`, resource]))(
    "a %s is what Kubernetes' schema allows",
    (kind, resource) => {
      const model = Object.entries(MODELS).find(([name]) => name === kind)?.[1];
      if (!model) throw new Error(`no schema of ${kind} here`);
      Reflect.construct(model, [resource]).validate();
      expect(resource['apiVersion']).toBe(model.apiVersion);
    },
  );

  test('the schema would notice what is missing', () => {
    const broken = structuredClone(named('Deployment')[0] ?? {});
    const container = at(podOf(broken), 'containers', 0);
    if (isJson(container)) delete container['name'];
    expect(() => Reflect.construct(Deployment, [broken]).validate()).toThrow(/name/);
  });

  describe('in the types of Kubernetes, which know every field', () => {
    let folder: string;
    beforeAll(() => {
      folder = mkdtempSync(join(tmpdir(), 'kubernetes-types-'));
      symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    });
    afterAll(() => rmSync(folder, { recursive: true, force: true }));

    const check = async (values: readonly Json[]) => {
      const models = Object.entries(MODELS).map(
        ([name, { apiVersion }]) =>
          `import type { I${name} } from 'kubernetes-models/${apiVersion}/${name}';`,
      );
      const constants = values.map(
        (value, index) => `export const v${index} = ${JSON.stringify(value)} satisfies I${value['kind']};`,
      );
      writeFileSync(join(folder, 'all.ts'), [...models, ...constants].join('\n'));
      const options = ['--noEmit', '--strict', '--skipLibCheck', '--module', 'preserve', '--types', 'bun'];
      const tsc = [process.execPath, join(ROOT, 'node_modules/typescript/bin/tsc'), ...options, 'all.ts'];
      return collectOutput(Bun.spawn(tsc, { cwd: folder, stdout: 'pipe', stderr: 'pipe' }));
    };

    test('they have no field that does not exist', async () => {
      const { stdout, stderr, exitCode } = await check(resources);
      expect(`${stdout}${stderr}`).toBe('');
      expect(exitCode).toBe(0);
    }, 60_000);

    test('a mistyped field would be noticed', async () => {
      const [deployment = {}] = structuredClone(named('Deployment'));
      const container = at(podOf(deployment), 'containers', 0);
      Object.assign(Object(container), { readynessProbe: {} });
      const { stdout } = await check([deployment]);
      expect(stdout).toContain('readynessProbe');
    }, 60_000);
  });

  test.each(cases)('%s runs as nobody in particular, and may write its caches alone', (_name, resource) => {
    const pod = podOf(resource);
    expect(at(pod, 'securityContext')).toMatchObject({
      runAsNonRoot: true,
      seccompProfile: { type: 'RuntimeDefault' },
    });
    expect(at(pod, 'automountServiceAccountToken')).toBe(false);
    expect(at(pod, 'containers', 0, 'securityContext')).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    const mounts = at(pod, 'containers', 0, 'volumeMounts');
    const volumes = at(pod, 'volumes');
    const names = (list: unknown) => (Array.isArray(list) ? list.map((item) => at(item, 'name')) : []);
    expect(names(mounts)).toEqual(names(volumes));
  });

  test.each(cases)('%s has settings that the service takes', (_name, resource) => {
    const container = at(podOf(resource), 'containers', 0);
    const sources = at(container, 'envFrom');
    const generators = ['configMapGenerator', 'secretGenerator'].map((name) =>
      at(kustomization, name, 0, 'name'),
    );
    expect(sources).toEqual([
      { configMapRef: { name: generators[0] } },
      { secretRef: { name: generators[1] } },
    ]);
    const list = at(container, 'env');
    const own = Array.isArray(list) ? list.map((item) => [at(item, 'name'), at(item, 'value')]) : [];
    const env = { ...readEnv('settings.env'), ...readEnv('secrets.example.env'), ...Object.fromEntries(own) };
    const known = new Set(describeSettings().map(({ name }) => name));
    expect(Object.keys(env).filter((name) => !known.has(name))).toEqual([]);
    parseConfig({ SERVICE_ROLE: 'WORKER', ...env });
  });

  test.each(
    named('Deployment').map((resource): [string, Json] => [
      String(at(resource, 'metadata', 'name')),
      resource,
    ]),
  )(
    '%s is found by what selects it, asked where it answers, and stopped no sooner than it has ended',
    (name, resource) => {
      const labels = at(resource, 'spec', 'template', 'metadata', 'labels');
      expect(at(resource, 'spec', 'selector', 'matchLabels')).toEqual(labels);
      const budget = named('PodDisruptionBudget').find((other) => at(other, 'metadata', 'name') === name);
      expect(at(budget, 'spec', 'selector', 'matchLabels')).toEqual(labels);
      const scaler = named('HorizontalPodAutoscaler').find((other) => at(other, 'metadata', 'name') === name);
      expect(at(scaler, 'spec', 'scaleTargetRef')).toMatchObject({ kind: 'Deployment', name });
      const container = at(podOf(resource), 'containers', 0);
      const port = at(container, 'ports', 0);
      for (const probe of ['startupProbe', 'readinessProbe', 'livenessProbe']) {
        expect(at(container, probe, 'httpGet', 'port')).toBe(at(port, 'name'));
      }
      expect(at(container, 'env', 1, 'value')).toBe(String(at(port, 'containerPort')));
      expect(Number(at(podOf(resource), 'terminationGracePeriodSeconds'))).toBeGreaterThan(5 + 20 + 10);
    },
  );

  test('the Service leads to the API', () => {
    const [service] = named('Service');
    const api = named('Deployment').find((other) => at(other, 'metadata', 'name') === 'mail-api');
    expect(at(service, 'spec', 'selector')).toEqual(at(api, 'spec', 'template', 'metadata', 'labels'));
    expect(at(service, 'spec', 'ports', 0, 'targetPort')).toBe(
      at(podOf(api ?? {}), 'containers', 0, 'ports', 0, 'name'),
    );
  });
});
