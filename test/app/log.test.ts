import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type ClosableLog, createLog } from '../../src/app/logging/log.ts';
import { timestamp } from '../../src/core/time.ts';
import type { LogLevel } from '../../src/ports/observability/log.ts';

interface Setup {
  readonly log: ClosableLog;
  readonly lines: string[];
  /** Moves the clock. */
  readonly pass: (ms: number) => void;
}

function setUp(options: { level?: LogLevel; form?: 'json' | 'text'; colors?: boolean } = {}): Setup {
  const lines: string[] = [];
  let ms = 0;
  const log = createLog({
    level: options.level ?? 'info',
    form: options.form ?? 'text',
    colors: options.colors ?? false,
    clock: { now: () => timestamp(Date.UTC(2026, 10, 24, 12, 0, 0, 7)), monotonicMs: () => ms },
    sink: { write: (line) => lines.push(line), flush: async () => {} },
  });
  return {
    log,
    lines,
    pass: (by) => {
      ms += by;
    },
  };
}

describe('lines', () => {
  test('for people they have the form of SEED.md', () => {
    const { log, lines } = setUp();
    log.info('POST /api/events status=202 duration=7.23ms');
    log.warn('SLOW REQUEST: POST /api/events status=202 duration=105.67ms');
    log.error('bad', { endpoint_id: 'x', n: 3, on: true, none: null });
    assert.deepEqual(lines, [
      'INFO: POST /api/events status=202 duration=7.23ms\n',
      'WARNING: SLOW REQUEST: POST /api/events status=202 duration=105.67ms\n',
      'ERROR: bad endpoint_id=x n=3 on=true none=null\n',
    ]);
  });

  test('on a terminal the word has a colour', () => {
    const { log, lines } = setUp({ colors: true });
    log.warn('a');
    assert.deepEqual(lines, ['\x1b[33mWARNING:\x1b[0m a\n']);
  });

  test('nothing that is logged begins a new line or moves the cursor', () => {
    const { log, lines } = setUp();
    log.info('a\nINFO: forged\r\x1b[2J\u2028b', { x: 'c\nd' });
    assert.deepEqual(lines, ['INFO: a INFO: forged [2J b x=c d\n']);
  });

  test('for machines they are JSON, one object a line', () => {
    const { log, lines } = setUp({ form: 'json' });
    log.error('a\nb', { n: 1 }, new TypeError('broken'));
    assert.equal(lines.length, 1);
    assert.match(lines[0] ?? '', /^[^\n]*\n$/);
    assert.deepEqual(JSON.parse(lines[0] ?? ''), {
      level: 'error',
      time: '2026-11-24T12:00:00.007Z',
      msg: 'a\nb',
      n: 1,
      error: 'TypeError',
      error_message: 'broken',
    });
  });

  test('a level below the one that is set is not written, nor built', () => {
    const { log, lines } = setUp({ level: 'warn' });
    log.debug('a');
    log.info('b');
    log.sampled('request', 'info', () => assert.fail('it was built'));
    log.warn('c');
    assert.deepEqual(lines, ['WARNING: c\n']);
    assert.deepEqual([log.enabled('info'), log.enabled('warn'), log.enabled('error')], [false, true, true]);
  });
});

describe('at most 50 lines of a kind a second', () => {
  function requests({ log }: Setup, count: number, kind = 'request', level: LogLevel = 'info'): number {
    let built = 0;
    for (let n = 0; n < count; n++) {
      log.sampled(kind, level, () => {
        built += 1;
        return `${kind} ${n}`;
      });
    }
    return built;
  }

  test('the rest is neither built nor written, but counted', () => {
    const setup = setUp();
    assert.equal(requests(setup, 120), 50);
    setup.pass(1_000);
    assert.equal(requests(setup, 1), 1);
    assert.equal(setup.lines.length, 52);
    assert.equal(setup.lines[50], 'INFO: … and 70 more request lines (LOG_LEVEL=debug writes all)\n');
    assert.equal(setup.lines[51], 'INFO: request 0\n');
  });

  test('kinds do not take each other’s place, nor do levels', () => {
    const setup = setUp();
    assert.equal(requests(setup, 60, 'request'), 50);
    assert.equal(requests(setup, 60, 'event'), 50);
    assert.equal(requests(setup, 60, 'request', 'warn'), 50);
  });

  test('errors are bounded too', () => {
    const { log, lines } = setUp();
    for (let n = 0; n < 1_000; n++) log.error(`n ${n}`);
    assert.equal(lines.length, 50);
  });

  test('the count is written on a flush, and after a second of silence', async (context) => {
    context.mock.timers.enable({ apis: ['setTimeout'] });
    const setup = setUp();
    requests(setup, 51);
    await setup.log.flush();
    assert.match(setup.lines[50] ?? '', /and 1 more request lines/);
    requests(setup, 53);
    setup.pass(1_000);
    context.mock.timers.tick(1_000);
    assert.match(setup.lines.at(-1) ?? '', /and 3 more request lines/);
  });

  test('LOG_LEVEL=debug writes all', () => {
    const setup = setUp({ level: 'debug' });
    assert.equal(requests(setup, 500), 500);
    assert.equal(setup.lines.length, 500);
  });

  test('kinds that somebody makes up without end share one budget', () => {
    const { log, lines } = setUp();
    for (let n = 0; n < 10_000; n++) log.sampled(`/api/events/${n}`, 'info', () => 'x');
    assert.ok(lines.length <= 250, `${lines.length} lines`);
  });
});

describe('of an error only name, code and a cleaned message are kept', () => {
  const cases: readonly [string, string][] = [
    ['connect ECONNREFUSED 10.0.0.1:80', 'connect ECONNREFUSED 10.0.0.1:80'],
    ['bad postgres://user:canary@host:5432/db here', 'bad postgres://***@host:5432/db here'],
    ['bad postgres://user:can/ary@host/db', 'bad postgres://***@host/db'],
    ['GET https://host/path?token=canary failed', 'GET https://host/path?*** failed'],
    ['secret whsec_canary0123 is bad', 'secret *** is bad'],
    ['Authorization: Bearer canary', 'Authorization: Bearer ***'],
    ['X-API-Key: canary', 'X-API-Key: ***'],
    ['login failed: password=canary', 'login failed: password= ***'],
    ['key canary00canary00canary00canary00x', 'key ***'],
    ['id 0190c0de-0000-7000-8000-000000000000', 'id 0190c0de-0000-7000-8000-000000000000'],
  ];
  for (const [message, expected] of cases) {
    test(expected, () => {
      const { log, lines } = setUp({ form: 'json' });
      const error = Object.assign(new Error(message), { code: 'E1', args: ['canary'], detail: 'canary' });
      log.error('failed', {}, error);
      const line = JSON.parse(lines[0] ?? '');
      assert.deepEqual([line.error, line.error_code, line.error_message], ['Error', 'E1', expected]);
      assert.doesNotMatch(lines[0] ?? '', /canary/);
    });
  }

  test('a long message is cut, in little time', () => {
    const { log, lines } = setUp({ form: 'json' });
    log.error('failed', {}, new Error('no '.repeat(5_000_000)));
    assert.ok((lines[0] ?? '').length < 700);
  });

  test('what is no error is told by its type alone', () => {
    const { log, lines } = setUp();
    log.error('failed', {}, { canary: 'canary' });
    assert.deepEqual(lines, ['ERROR: failed error=a thrown object\n']);
  });
});
