import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { parse, parseAllDocuments } from 'yaml';
import { ROLES } from '../../src/app/settings/roles.ts';
import { SETTINGS } from '../../src/app/settings/setting-list.ts';
import { readSettings } from '../../src/app/settings/settings.ts';

const ROOT = join(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
/** KEDA's own, beside our settings in the same secret. */
const OTHERS = ['KEDA_REDIS_ADDRESS', 'KEDA_REDIS_PASSWORD'];

/** For examples that leave it to their reader. */
const TOKEN = '5f1e0c9b7a3d48e26c';

interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  // biome-ignore lint/suspicious/noExplicitAny: manifests are looked at by their expected shape
  readonly [more: string]: any;
}

function manifests(): Manifest[] {
  return globSync('deploy/kubernetes/*.yaml', { cwd: ROOT }).flatMap((path) =>
    parseAllDocuments(read(path), { strict: true, uniqueKeys: true }).map((document) => {
      assert.deepEqual(document.errors, [], path);
      return document.toJS() as Manifest;
    }),
  );
}

function isSetting(name: string): boolean {
  return Object.hasOwn(SETTINGS, name);
}

describe('Kubernetes', () => {
  const all = manifests();
  const deployments = all.filter(({ kind }) => kind === 'Deployment');
  const named = (kind: string, name: string) => all.some((one) => one.kind === kind && one.metadata.name === name);

  test('the files that kustomize takes are there, and none is forgotten', () => {
    const { resources } = parse(read('deploy/kubernetes/kustomization.yaml')) as { resources: string[] };
    const optional = ['kustomization.yaml', 'secret.example.yaml', 'autoscaling.yaml'];
    const files = globSync('*.yaml', { cwd: join(ROOT, 'deploy/kubernetes') });
    assert.deepEqual([...resources, ...optional].sort(), files.sort());
  });

  test('a deployment a role, which reads existing settings and secrets', () => {
    const roles = deployments.map(({ spec }) => spec.template.spec.containers[0].args[0]);
    assert.deepEqual(roles.sort(), ROLES.filter((role) => role !== 'serve').sort());
    for (const { spec, metadata } of deployments) {
      assert.deepEqual(spec.selector.matchLabels, spec.template.metadata.labels, metadata.name);
      const [container] = spec.template.spec.containers;
      for (const source of container.envFrom) {
        const [kind, name] = source.configMapRef
          ? ['ConfigMap', source.configMapRef.name]
          : ['Secret', source.secretRef.name];
        assert.ok(named(kind, name), `${kind} ${name}`);
      }
    }
  });

  test('the settings start every role', () => {
    const settings = all.find(({ kind }) => kind === 'ConfigMap')?.['data'] as Record<string, string>;
    const secrets = all.find(({ kind }) => kind === 'Secret')?.['stringData'] as Record<string, string>;
    const names = Object.keys({ ...settings, ...secrets }).filter((name) => !OTHERS.includes(name));
    assert.deepEqual(
      names.filter((name) => !isSetting(name)),
      [],
    );
    const unfilled = readSettings({ ...settings, ...secrets });
    assert.ok('problems' in unfilled && /^ADMIN_TOKEN is a placeholder/.test(unfilled.problems.join()));
    const read = readSettings({ ...settings, ...secrets, ADMIN_TOKEN: TOKEN });
    assert.ok(!('problems' in read), JSON.stringify(read));
    assert.ok(read.production && read.servers !== null);
  });

  test('probes ask addresses that are served, on the port of the role', () => {
    const settings = all.find(({ kind }) => kind === 'ConfigMap')?.['data'] as Record<string, string>;
    const health = read('src/api/resources/operations/health.ts');
    for (const { spec, metadata } of deployments) {
      const [container] = spec.template.spec.containers;
      const expected = container.args[0] === 'api' ? settings['PORT'] : settings['HEALTH_PORT'];
      assert.equal(String(container.ports[0].containerPort), expected, metadata.name);
      assert.equal(spec.template.metadata.annotations['prometheus.io/port'], expected);
      for (const probe of ['startupProbe', 'livenessProbe', 'readinessProbe']) {
        assert.ok(health.includes(`'${container[probe].httpGet.path}'`), `${metadata.name} ${probe}`);
        assert.equal(container[probe].httpGet.port, 'http');
      }
      assert.ok(spec.template.spec.terminationGracePeriodSeconds > 30);
    }
  });

  test('nothing of ours may be reached, or reach anything, but what a policy names', () => {
    const policies = all.filter(({ kind }) => kind === 'NetworkPolicy');
    const settings = all.find(({ kind }) => kind === 'ConfigMap')?.['data'] as Record<string, string>;
    const deny = policies.find(({ spec }) => spec.ingress === undefined && spec.egress === undefined);
    assert.deepEqual(deny?.['spec'].policyTypes, ['Ingress', 'Egress']);
    const chosen = ({ podSelector }: Manifest['spec'], labels: Record<string, string>): boolean =>
      Object.entries(podSelector.matchLabels ?? {}).every(([name, value]) => labels[name] === value) &&
      (podSelector.matchExpressions ?? []).every(({ key, values }: { key: string; values: string[] }) =>
        values.includes(labels[key] ?? ''),
      );
    for (const { spec, metadata } of deployments) {
      const { labels } = spec.template.metadata;
      const own = policies.map((policy) => policy['spec']).filter((one) => chosen(one, labels));
      const role = spec.template.spec.containers[0].args[0];
      const ports = own.flatMap(({ ingress = [] }) => ingress).flatMap((rule) => rule.ports);
      assert.deepEqual(
        ports.map(({ port }: { port: number }) => String(port)),
        [role === 'api' ? settings['PORT'] : settings['HEALTH_PORT']],
        metadata.name,
      );
      const blocks = own.flatMap(({ egress = [] }) => egress).flatMap(({ to = [] }) => to);
      const reachesReceivers = blocks.some(({ ipBlock }: Manifest) => ipBlock?.cidr === '0.0.0.0/0');
      assert.equal(reachesReceivers, role !== 'worker', metadata.name);
    }
    const metadataService = policies.flatMap(({ spec }) => spec.egress ?? []).flatMap(({ to = [] }) => to);
    for (const { ipBlock } of metadataService.filter((one: Manifest) => one['ipBlock']?.cidr === '0.0.0.0/0')) {
      assert.ok(ipBlock.except.includes('169.254.0.0/16'));
    }
  });

  test('what scales and what must not be disrupted exist', () => {
    for (const { kind, spec, metadata } of all) {
      if (kind === 'HorizontalPodAutoscaler' || kind === 'ScaledObject') {
        assert.ok(named('Deployment', spec.scaleTargetRef.name), metadata.name);
      }
      if (kind !== 'PodDisruptionBudget' && kind !== 'Service') continue;
      const wanted = JSON.stringify(spec.selector.matchLabels ?? spec.selector);
      const found = deployments.some((one) => JSON.stringify(one['spec'].selector.matchLabels) === wanted);
      assert.ok(found, `${kind} ${metadata.name}`);
    }
    const streams = all
      .filter(({ kind }) => kind === 'ScaledObject')
      .map(({ spec }) => spec.triggers[0].metadata.stream);
    assert.deepEqual(streams, ['zapier:events', 'zapier:webhook-deliveries']);
  });
});

describe('Docker', () => {
  const IMAGE_ENVIRONMENT = Object.fromEntries(
    (/^ENV (.+)$/m.exec(read('Dockerfile'))?.[1] ?? '').split(' ').map((pair) => pair.split('=') as [string, string]),
  );

  for (const path of ['compose.yaml', 'compose.embedded.yaml']) {
    test(`${path}: each of our services runs a role, with settings that it takes`, () => {
      const { services } = parse(read(path), { merge: true }) as { services: Record<string, Manifest> };
      const ours = Object.values(services).filter(({ image }) => image === 'triggers-api');
      assert.ok(ours.length > 0);
      for (const { command, environment } of ours) {
        assert.ok(ROLES.includes(command[0]));
        assert.deepEqual(
          Object.keys(environment).filter((name) => !isSetting(name)),
          [],
        );
        // As compose fills in `${NAME:-default}`, and `${NAME:?sentence}` from the shell.
        const filled = Object.entries(environment as Record<string, string>).map(([name, value]) => {
          const [, kind, text = ''] = /^\$\{\w+:([-?])(.*)\}$/.exec(value) ?? [];
          return [name, kind === '?' ? TOKEN : kind === '-' ? text : value];
        });
        const settings = readSettings({ ...IMAGE_ENVIRONMENT, ...Object.fromEntries(filled) });
        assert.ok(!('problems' in settings), JSON.stringify(settings));
        assert.ok(settings.production && settings.host === '0.0.0.0');
      }
    });
  }

  test('every container of both compose files is hardened alike', () => {
    for (const path of ['compose.yaml', 'compose.embedded.yaml']) {
      const { services } = parse(read(path), { merge: true }) as { services: Record<string, Manifest> };
      for (const [name, service] of Object.entries(services)) {
        const what = `${path} ${name}`;
        assert.equal(service['read_only'], true, what);
        assert.deepEqual(service['cap_drop'], ['ALL'], what);
        assert.deepEqual(service['security_opt'], ['no-new-privileges:true'], what);
        if (service['image'] === 'triggers-api') assert.deepEqual(service['tmpfs'], ['/tmp'], what);
        for (const port of service['ports'] ?? []) assert.match(port, /^127\.0\.0\.1:/, what);
      }
    }
  });

  test('the image copies what is there, runs the program, and is nobody’s root', () => {
    const file = read('Dockerfile');
    const copied = [...file.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, paths = '']) => paths.split(' '));
    assert.ok(copied.includes('src'));
    for (const path of copied) assert.ok(globSync(path, { cwd: ROOT }).length === 1, path);
    const entry = JSON.parse(/^ENTRYPOINT (.+)$/m.exec(file)?.[1] ?? '[]') as string[];
    assert.ok(globSync(entry.at(-1) ?? '', { cwd: ROOT }).length === 1);
    assert.match(file, /^USER node$/m);
    assert.match(file, /^HEALTHCHECK /m);
  });
});

test('systemd: the unit sets settings that exist, and waits for the drain', () => {
  const unit = read('deploy/systemd/triggers-api.service');
  const env = Object.fromEntries(
    (/^Environment=(.+)$/m.exec(unit)?.[1] ?? '').split(' ').map((pair) => pair.split('=') as [string, string]),
  );
  assert.deepEqual(
    Object.keys(env).filter((name) => !isSetting(name)),
    [],
  );
  assert.ok(!('problems' in readSettings({ ...env, ADMIN_TOKEN: TOKEN })));
  assert.ok(Number(/^TimeoutStopSec=(\d+)$/m.exec(unit)?.[1]) > 30);
  for (const line of [
    'UMask=0077',
    'SystemCallFilter=@system-service',
    'ProtectProc=invisible',
    'NoNewPrivileges=yes',
  ]) {
    assert.ok(unit.split('\n').includes(line), line);
  }
  assert.match(unit, /^ExecStart=\/usr\/bin\/node .*src\/cli\/main\.js serve$/m);
});
