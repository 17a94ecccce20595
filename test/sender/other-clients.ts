/**
 * Prints, as a table for docs/decisions/delivery.md, what curl, Go's net/http and Node's http make of the answers in
 * test/sender/receiver-answers.ts. Needs `curl` and `go`; no test needs either.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { asNodeSees } from './node-client.ts';
import { RECEIVER_ANSWERS } from './receiver-answers.ts';

const run = promisify(execFile);
const GO_CLIENT = `package main
import ("fmt"; "io"; "net/http"; "os"; "strings")
func main() {
  for _, url := range os.Args[1:] {
    answer, err := http.Post(url, "application/json", strings.NewReader("{}"))
    if err != nil { fmt.Println("-"); continue }
    if _, err = io.ReadAll(answer.Body); err != nil { fmt.Println("-"); continue }
    fmt.Println(answer.StatusCode)
  }
}`;

const server = createServer((socket) => {
  let text = '';
  socket.on('error', () => {});
  socket.on('data', (piece) => {
    text += piece.toString('latin1');
    const index = /^POST \/(\d+)/.exec(text)?.[1];
    if (index === undefined || !text.includes('\r\n\r\n{}')) return;
    text = '';
    socket.write(Buffer.from(RECEIVER_ANSWERS[Number(index)]?.text ?? '', 'latin1'));
    setTimeout(() => socket.end(), 30);
  });
});
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
const { port } = server.address() as AddressInfo;
const urls = RECEIVER_ANSWERS.map((_, index) => `http://127.0.0.1:${port}/${index}`);

async function asCurlSees(url: string): Promise<string> {
  try {
    const { stdout } = await run('curl', ['-s', '-m', '5', '-d', '{}', '-o', '/dev/null', '-w', '%{http_code}', url]);
    return stdout;
  } catch {
    return '-';
  }
}

async function asGoSees(): Promise<readonly string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'go-client-'));
  try {
    writeFileSync(join(folder, 'main.go'), GO_CLIENT);
    return (await run('go', ['run', join(folder, 'main.go'), ...urls])).stdout.trim().split('\n');
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const go = await asGoSees();
/** Answers that everybody makes the same of share a row. */
const rows = new Map<string, string[]>();
for (const [index, { name, text, status, isKept, others }] of RECEIVER_ANSWERS.entries()) {
  const node = await asNodeSees(Buffer.from(text, 'latin1'));
  const seen = [node.body === null ? '-' : `${node.status}`, go[index] ?? '', await asCurlSees(urls[index] ?? '')];
  const recorded = others.map((other) => String(other ?? '-'));
  if (recorded.join() !== seen.join()) console.error(`${name}: ${seen.join()} and not ${recorded.join()} as on record`);
  const here = status === null ? '-' : `${status}${isKept ? ', kept' : ''}`;
  const key = `${seen.join(' | ')} | ${here} |`;
  rows.set(key, [...(rows.get(key) ?? []), name.startsWith('"') ? `\`${name.slice(1, -1)}\`` : name]);
}
console.log('| answer | Node | Go | curl | here |\n| --- | --- | --- | --- | --- |');
for (const [key, names] of rows) console.log(`| ${names.join(' · ')} | ${key}`);
server.close();
