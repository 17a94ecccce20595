/** For containers of any role: asks the API's port, or where the role has none the port of HEALTH_PORT. Exit code 0 = ready. */
const ports = [process.env.PORT ?? '8000', process.env.HEALTH_PORT].filter((port) => port !== undefined);
for (const port of ports) {
  try {
    const answer = await fetch(`http://127.0.0.1:${port}/health/ready`, { signal: AbortSignal.timeout(2_500) });
    process.exit(answer.ok ? 0 : 1);
  } catch {
    // Nobody listens there: the next one.
  }
}
process.exit(1);
