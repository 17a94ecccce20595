import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Webhook } from 'standardwebhooks';
import { Receiver } from '../support/receiver.ts';
import { ServiceProcess } from '../support/service-process.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const MAIN = join(import.meta.dirname, '../../src/cli/main.ts');

/** Nothing of this shell but what finds programs, and code that was compiled before: a command starts in half the time. */
const KEPT = Object.fromEntries(
  ['PATH', 'NODE_COMPILE_CACHE'].flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value]];
  }),
);

interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
  /** One value a line. */
  // biome-ignore lint/suspicious/noExplicitAny: results are looked at by their expected shape
  readonly json: any[];
}

describe('commands that talk to a running service', () => {
  let service: ServiceProcess;
  const folder = mkdtempSync(join(tmpdir(), 'triggers-cli-'));
  before(async () => {
    service = await ServiceProcess.start({ DATA_DIR: folder });
  });
  after(async () => {
    await service.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  function start(args: readonly string[], env: Record<string, string> = {}) {
    const child = spawn(process.execPath, [MAIN, ...args], {
      env: { ...KEPT, TRIGGERS_URL: service.url, ...env },
    });
    const output = { out: '', err: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output.out += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      output.err += text;
    });
    return { child, output };
  }

  async function run(args: readonly string[], input = '', env: Record<string, string> = {}): Promise<Ran> {
    const { child, output } = start(args, env);
    child.stdin.on('error', () => {});
    child.stdin.end(input);
    const [code] = (await once(child, 'close')) as [number | null];
    return {
      code,
      ...output,
      get json() {
        return output.out
          .split('\n')
          .filter((line) => line !== '')
          .map((line) => JSON.parse(line) as unknown);
      },
    };
  }

  test('an event is sent, and shown with every digit', async () => {
    const sent = await run(['send', 'cli.big', '{"n": 12345678901234567890}', '--json']);
    assert.equal(sent.code, 0, sent.err);
    const { id, status } = sent.json[0];
    assert.equal(status, 'accepted');
    const got = await run(['events', 'get', id]);
    assert.match(got.out, /"n": 12345678901234567890/);
    const again = await run(['send', 'cli.big', '1', '--dedup-id', 'x', '--json']);
    const known = await run(['send', 'cli.big', '2', '--dedup-id', 'x', '--json']);
    assert.deepEqual([known.json[0].status, known.json[0].id], ['duplicate', again.json[0].id]);
  });

  test('NDJSON from stdin: the good are accepted, the bad are told, and the exit code says so', async () => {
    const lines = Array.from({ length: 2_500 }, (_, n) => `{"type":"cli.bulk","data":${n}}`);
    const all = await run(['send', '-f', '-'], lines.join('\n'));
    assert.deepEqual([all.code, all.out], [0, '2500 accepted, 0 duplicates, 0 rejected.\n'], all.err);
    const mixed = await run(['send', '--file', '-'], '{"type":"cli.bulk","data":1}\n{oops\n\n');
    assert.equal(mixed.code, 1);
    assert.match(mixed.out, /event 2: invalid_json/);
    assert.match(mixed.out, /1 accepted, 0 duplicates, 1 rejected/);
    const listed = await run(['events', 'list', '--type', 'cli.bulk', '--limit', '3', '--json']);
    assert.deepEqual(
      listed.json.map(({ type }) => type),
      ['cli.bulk', 'cli.bulk', 'cli.bulk'],
    );
  });

  test('a file with one event', async (context) => {
    const path = join(temporaryFolder(context), 'event.json');
    writeFileSync(path, '{\n  "type": "cli.file",\n  "data": {"a": 1e400}\n}\n');
    const sent = await run(['send', '-f', path, '--json']);
    assert.equal(sent.json[0].type, 'cli.file', sent.err);
    const out = join(temporaryFolder(context), 'out.ndjson');
    assert.equal((await run(['export', '--type', 'cli.file', '--out', out])).code, 0);
    assert.match(readFileSync(out, 'utf8'), /"data":\{"a": 1e400\}/);
  });

  test('endpoints and deliveries: made, tested, retried, removed', async (context) => {
    const receiver = await Receiver.start();
    context.after(() => receiver.stop());
    const made = await run(['endpoints', 'create', `${receiver.url}/hook`, '--types', 'cli.hook', '--json']);
    const { id } = made.json[0];
    assert.equal((await run(['endpoints', 'test', id])).code, 0);
    await run(['send', 'cli.hook', '1']);
    await receiver.waitFor(2);
    const listed = await run(['deliveries', 'list', '--endpoint', id, '--json']);
    assert.equal((await run(['deliveries', 'retry', listed.json[0].id])).code, 0);
    await receiver.waitFor(3);
    assert.match((await run(['endpoints', 'pause', id])).out, /paused/);
    assert.equal((await run(['endpoints', 'delete', id])).code, 0);
    const gone = await run(['endpoints', 'get', id]);
    assert.equal(gone.code, 1);
    assert.notEqual(gone.err, '');
  });

  for (const way of [[], ['--inbox', 'default']]) {
    test(`listen ${way.join(' ')} forwards what comes, signed as the service would`, async (context) => {
      const receiver = await Receiver.start();
      context.after(() => receiver.stop());
      const type = `cli.listen${way.length}`;
      const { child, output } = start(['listen', '--forward', `${receiver.url}/fwd`, '--types', type, ...way]);
      context.after(() => child.kill('SIGKILL'));
      while (!output.out.includes('Ctrl-C')) await once(child.stdout, 'data');
      const secret = /whsec_\S+(?=\.)/.exec(output.out)?.[0] ?? '';
      // A stream shows what comes once it is open.
      const { id } = await sendUntil(receiver, type);
      const [got] = receiver.requests;
      assert.ok(got);
      new Webhook(secret).verify(got.body.toString(), got.headers);
      assert.equal(got.path, '/fwd');
      assert.equal(got.headers['x-event-id'], JSON.parse(got.body.toString()).id);
      // What comes alone is forwarded byte for byte; of a lease the values are the same.
      const data = way.length === 0 ? '{"n": 12345678901234567890}' : '{"n":12345678901234567890}';
      assert.ok(got.body.toString().endsWith(`"data":${data}}`), got.body.toString());
      assert.ok(id);
      child.kill('SIGINT');
      await once(child, 'exit');
    });
  }

  async function sendUntil(receiver: Receiver, type: string): Promise<{ id: string }> {
    for (;;) {
      const sent = await run(['send', type, '{"n": 12345678901234567890}', '--json']);
      const came = await receiver.waitFor(1, 1_000).catch(() => undefined);
      if (came !== undefined) return sent.json[0];
    }
  }

  test('keys: made, used, revoked', async () => {
    const made = await run(['keys', 'create', 'cli', '--json']);
    const { api_key, key_id } = made.json[0];
    assert.equal((await run(['--api-key', api_key, 'events', 'list', '--limit', '1'])).code, 0);
    assert.equal((await run(['keys', 'revoke', key_id])).code, 0);
    const refused = await run(['events', 'list'], '', { TRIGGERS_API_KEY: api_key });
    assert.deepEqual([refused.code, refused.err], [1, 'This API key is not valid.\n']);
  });

  test('the benchmark of the seed document says whether its targets are met', async () => {
    const measured = await run(['bench', '--events', '20', '--concurrency', '4', '--burst', '10']);
    assert.equal(measured.code, 0, measured.err);
    assert.match(measured.out, /one at a time[\s\S]*4 at a time[\s\S]*burst[\s\S]*Availability/);
  });

  test('exit codes: wrong use is 2, what can’t be reached 1, help 0', async () => {
    const cases: [string[], number, RegExp][] = [
      [['send'], 2, /Name the type/],
      [['send', 'a', '{oops'], 2, /must be JSON/],
      [['events', 'list', '--limit', '0'], 2, /whole number/],
      [['--url', 'ftp://x', 'events', 'list'], 2, /--url must be/],
      [['events', 'nothing'], 2, /unknown command/],
      [['deliveries', 'retry'], 2, /--all/],
      [['send', 'not a type', '1'], 1, /type: must be/],
    ];
    for (const [args, code, words] of cases) {
      const ran = await run(args);
      assert.equal(ran.code, code, `${args.join(' ')}: ${ran.err}`);
      assert.match(ran.err, words, args.join(' '));
    }
    assert.match((await run(['send', '--help'])).out, /Examples/);
    const foreign = await run(['--url', 'https://triggers.example', 'events', 'list']);
    assert.equal(foreign.code, 2, 'the development key is for this machine only');
  });

  test('completion knows every command', async () => {
    for (const shell of ['bash', 'zsh', 'fish']) {
      const { out, code } = await run(['completion', shell]);
      assert.equal(code, 0);
      for (const word of ['serve', 'send', 'listen', 'rotate-secret'])
        assert.ok(out.includes(word), `${shell} ${word}`);
    }
    const { out } = await run(['completion', 'bash']);
    const script = spawn('bash', [
      '-c',
      `${out}\nCOMP_WORDS=(triggers events re); COMP_CWORD=2; _triggers; echo "\${COMPREPLY[@]}"`,
    ]);
    let shown = '';
    script.stdout.on('data', (text) => {
      shown += String(text);
    });
    await once(script, 'close');
    assert.equal(shown.trim(), 'replay');
  });

  test('what a receiver answers and what an event holds acts on no terminal', async (context) => {
    const escapes = '\x1b[2J\x1b]0;owned\x07\u009b31m\u202e';
    const receiver = await Receiver.start((_received, response) => void response.writeHead(500).end(escapes));
    context.after(() => receiver.stop());
    const id = (await run(['--json', 'endpoints', 'create', receiver.url])).json[0].id;
    const eventId = (await run(['--json', 'send', 'hostile.text', JSON.stringify(escapes)])).json[0].id;
    await receiver.waitFor(1);
    const [delivery] = (await run(['--json', 'deliveries', 'list', '--event', eventId])).json;
    for (const args of [
      ['endpoints', 'test', id],
      ['deliveries', 'get', delivery.id],
      ['events', 'get', eventId],
    ]) {
      for (const way of [[], ['--json']]) {
        const { out, err } = await run([...way, ...args]);
        // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
        assert.doesNotMatch(out + err, /[\0-\x08\x0b-\x1f\x7f-\x9f\u202e]/, args.join(' '));
        assert.match(out, /\\u202e/, args.join(' '));
      }
    }
    await run(['endpoints', 'delete', id]);
  });
});
