import assert from 'node:assert/strict';
import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';
import { SystemClock } from '../../src/app/clock.ts';
import { judgeDisk } from '../../src/app/doctor/disk.ts';
import { examine } from '../../src/app/doctor/doctor.ts';
import { checkNode } from '../../src/app/doctor/node.ts';
import { judgeSpace } from '../../src/app/doctor/space.ts';
import type { Environment } from '../../src/app/settings/settings.ts';
import { freePort } from '../support/server-process.ts';
import { ServiceProcess } from '../support/service-process.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const MAIN = join(import.meta.dirname, '../../src/cli/main.ts');

async function look(env: Environment): Promise<(about: string) => string> {
  const findings = await examine({ PORT: String(await freePort()), ...env }, new SystemClock());
  return (about) =>
    findings
      .filter((finding) => finding.about === about)
      .map(({ level, text }) => `${level}: ${text}`)
      .join('\n');
}

describe('doctor', () => {
  test('where all is well it says so, ends with 0 and leaves nothing behind', async (context) => {
    const folder = temporaryFolder(context);
    const env = { DATA_DIR: join(folder, 'data'), PORT: String(await freePort()) };
    const { code, output } = await ServiceProcess.run(env, ['doctor']);
    assert.equal(code, 0, output);
    assert.match(output, /^✓ Node .*\n✓ Settings .*\n✓ Engine .*SQLite/);
    assert.match(output, /[✓!] Disk +An fsync takes [\d.]+ ms/);
    assert.deepEqual(execFileSync('ls', ['-A', folder], { encoding: 'utf8' }), '');
  });

  test('--json, and 1 where something stops the service', async (context) => {
    const env = { DATA_DIR: temporaryFolder(context), WEBHOOK_TIMEOUT: 'soon' };
    const { code, output } = await ServiceProcess.run(env, ['doctor', '--json']);
    assert.equal(code, 1);
    const { ok, failed, findings } = JSON.parse(output);
    assert.deepEqual([ok, failed], [false, 1]);
    assert.ok(
      findings.some(({ about, text }: Record<string, string>) => about === 'Settings' && text?.includes('"soon"')),
    );
  });

  test('our own service is there: it has the port and the folder', async (context) => {
    const folder = temporaryFolder(context);
    const service = await ServiceProcess.start({ DATA_DIR: folder });
    context.after(() => service.stop());
    const found = await look({ DATA_DIR: folder, PORT: new URL(service.url).port });
    assert.match(found('DATA_DIR'), new RegExp(`^warning: .* in use by process ${service.pid}; stop that process`));
    assert.match(found('Port'), /^ok: .* is used by this service: version/);
  });

  test('a port that somebody else has, an address that nobody has', async (context) => {
    const other = createServer((socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}')).listen(
      0,
      '127.0.0.1',
    );
    await once(other, 'listening');
    context.after(() => other.close());
    const { port } = other.address() as AddressInfo;
    const env = { DATA_DIR: temporaryFolder(context) };
    assert.match((await look({ ...env, PORT: String(port) }))('Port'), /^failed: \d+ is used by another program/);
    assert.match((await look({ ...env, HOST: '203.0.113.1' }))('Port'), /^failed: .*EADDRNOTAVAIL.*change HOST/);
  });

  test('a DATA_DIR that is a file, and a disk that takes none', async (context) => {
    const file = join(temporaryFolder(context), 'file');
    writeFileSync(file, '');
    const found = await look({ DATA_DIR: file });
    assert.match(found('DATA_DIR'), /^failed: DATA_DIR must name a folder/);
    assert.match(found('Disk'), /^failed: .*ENOTDIR/);
    assert.match(
      (await look({ DATA_DIR: '/proc/no-such-folder' }))('Disk'),
      /^failed: A file in DATA_DIR can't be written/,
    );
  });

  test('few open files', async (context) => {
    const env = { ...process.env, DATA_DIR: temporaryFolder(context), PORT: String(await freePort()) };
    const command = `ulimit -n 256 && exec "${process.execPath}" "${MAIN}" doctor`;
    const { stdout } = await promisify(execFile)('sh', ['-c', command], { env });
    assert.match(stdout, /! Open files +Only 256, enough for 128 webhooks at once: raise the limit/);
    assert.match(stdout, /Check what has a ! \(\d\)/);
  });

  test('a full disk', async (context) => {
    const folder = temporaryFolder(context);
    // Who may not mount has the table below.
    if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder]).status !== 0) return;
    try {
      assert.match((await look({ DATA_DIR: folder }))('Free space'), /^failed: Only 0\.0 GiB .*free some space/);
    } finally {
      spawnSync('umount', [folder]);
    }
  });

  test('what is slow, little or old', () => {
    assert.equal(judgeDisk([1, 2, 90]).level, 'ok');
    assert.match(judgeDisk([1, 20, 90]).text, /20\.00 ms .* move DATA_DIR to a local SSD/);
    assert.equal(judgeSpace(1024 ** 3).level, 'warning');
    assert.equal(checkNode('22.1.0').level, 'failed');
  });
});
