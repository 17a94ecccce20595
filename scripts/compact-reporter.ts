import { relative } from 'node:path';
import type { TestEvent } from 'node:test/reporters';
import { inspect } from 'node:util';

/**
 * For logs: a line a file, every failure in full, and node's own closing lines (`# tests 12`, `# pass 12`, …), by which
 * other programs count.
 */
export default async function* compactReporter(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  for await (const event of source) yield lines(event);
}

function lines(event: TestEvent): string {
  switch (event.type) {
    case 'test:fail':
      return failure(event.data);
    case 'test:stdout':
    case 'test:stderr':
      return event.data.message;
    case 'test:summary':
      return event.data.file === undefined ? '' : fileLine(event.data.file, event.data);
    case 'test:diagnostic':
      return event.data.file === undefined ? `# ${event.data.message}\n` : `${event.data.message}\n`;
    default:
      return '';
  }
}

function failure({ name, file, line, details }: Extract<TestEvent, { type: 'test:fail' }>['data']): string {
  const error: Error & { failureType?: string } = details.error;
  // A suite that failed only because of what is in it: that was reported.
  if (error.failureType === 'subtestsFailed') return '';
  const place = file === undefined ? '' : ` (${relative(process.cwd(), file)}:${line ?? 1})`;
  return `\nFAILED ${name}${place}\n${inspect(error.cause ?? error)}\n\n`;
}

function fileLine(file: string, summary: Extract<TestEvent, { type: 'test:summary' }>['data']): string {
  const { counts, success, duration_ms: ms } = summary;
  const failed = counts.tests - counts.passed - counts.skipped - counts.todo;
  return `${success ? 'ok    ' : 'FAILED'} ${relative(process.cwd(), file)} ${counts.passed} passed${failed > 0 ? `, ${failed} failed` : ''} ${(ms / 1_000).toFixed(1)} s\n`;
}
