interface MediaObject {
  readonly schema: object;
  readonly example?: unknown;
}

interface OperationObject {
  readonly tags: readonly string[];
  readonly summary: string;
  readonly operationId: string;
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly schema: object }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, MediaObject>> };
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, MediaObject>> }>>;
}

interface ApiDocument {
  readonly info: { readonly title: string; readonly version: string; readonly description: string };
  readonly tags: readonly { readonly name: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, OperationObject>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
}

/** Prints the API reference as a page, generated from the document, without scripts or external resources. */
export function docsPage(given: object): string {
  const { info, tags, paths, components } = given as ApiDocument;
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
  );
  const sections = tags.map(({ name }) => {
    const own = operations.filter(({ operation }) => operation.tags.includes(name));
    return `<section><h2 id="${text(name)}">${text(name)}</h2>${own.map(operationHtml).join('')}</section>`;
  });
  const objects = Object.entries(components.schemas).map(
    ([name, schema]) =>
      `<details id="${text(name)}"><summary><code>${text(name)}</code></summary><pre>${printed(schema)}</pre></details>`,
  );
  sections.push(`<section><h2 id="Objects">Objects</h2>${objects.join('')}</section>`);
  const links = [...tags, { name: 'Objects' }]
    .map(({ name }) => `<a href="#${text(name)}">${text(name)}</a>`)
    .join(' ');
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>${text(info.title)}</title><link rel="stylesheet" href="/docs/style.css"></head>
<body><header><h1>${text(info.title)} <small>${text(info.version)}</small></h1><p>${text(info.description)}</p>
<p>Send the API key as <code>X-API-Key</code> or <code>Authorization: Bearer</code>. Errors are
<code>application/problem+json</code>. This page is generated from the <a href="/openapi.json">OpenAPI 3.1 document</a>.</p><nav>${links}</nav></header>
<main>${sections.join('\n')}</main></body></html>
`;
}

/** Prints JSON with links from references to their objects on the page. */
function printed(value: unknown): string {
  return text(JSON.stringify(value, null, 2)).replace(
    /#\/components\/schemas\/(\w+)/g,
    (whole, name: string) => `<a href="#${name}">${whole}</a>`,
  );
}

function operationHtml({
  path,
  method,
  operation,
}: {
  path: string;
  method: string;
  operation: OperationObject;
}): string {
  const { summary, operationId, parameters = [], requestBody, responses } = operation;
  const rows = parameters.map(
    (of) =>
      `<tr><td><code>${text(of.name)}</code></td><td>${text(of.in)}</td><td><code>${json(of.schema)}</code></td></tr>`,
  );
  const bodies = Object.entries(requestBody?.content ?? {}).map(
    ([type, { schema, example }]) =>
      `${example === undefined ? '' : `<h4>Example</h4><pre>${printed(example)}</pre>`}<h4>${text(type)}</h4><pre>${printed(schema)}</pre>`,
  );
  const statuses = Object.keys(responses).filter((status) => status !== 'default');
  const answers = statuses.flatMap((status) =>
    Object.entries(responses[status]?.content ?? {}).map(
      ([type, { schema }]) => `<h4>Answer ${text(status)} ${text(type)}</h4><pre>${printed(schema)}</pre>`,
    ),
  );
  return `<details id="${text(operationId)}"><summary><span class="${method.toLowerCase()}">${method}</span>
<code>${text(path)}</code> ${text(summary)}</summary>
${rows.length === 0 ? '' : `<table>${rows.join('')}</table>`}${bodies.join('')}${answers.join('')}
<p>Answers ${statuses.map(text).join(', ')}, or a problem.</p></details>`;
}

function json(value: object): string {
  return text(JSON.stringify(value));
}

function text(value: string): string {
  return value.replace(/[&<>"']/g, (letter) => `&#${letter.charCodeAt(0)};`);
}

export const DOCS_STYLE = `:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif;
  --line: #8883; --muted: #6a6f78; --get: #1a7f37; --post: #0969da; --patch: #9a6700; --delete: #cf222e; }
@media (prefers-color-scheme: dark) {
  :root { --muted: #9aa0a8; --get: #3fb950; --post: #58a6ff; --patch: #d29922; --delete: #ff7b72; }
}
body { max-width: 62rem; margin: 0 auto; padding: 0 1rem 6rem; }
h1 small { color: var(--muted); font-size: 1rem; font-weight: 500; }
h2 { margin: 2.5rem 0 .5rem; font-size: 1.15rem; }
h4 { margin: 1rem 0 .3rem; font-size: .8rem; color: var(--muted); text-transform: uppercase; letter-spacing: .04em; }
a { color: var(--post); }
nav { position: sticky; top: 0; padding: .6rem 0; background: Canvas; border-bottom: 1px solid var(--line); }
nav a { margin-right: 1rem; font-size: .9rem; text-decoration: none; white-space: nowrap; }
section, details { scroll-margin-top: 4rem; }
details { border-top: 1px solid var(--line); padding: .45rem 0; }
summary { cursor: pointer; color: var(--muted); }
summary:hover, details[open] > summary { color: inherit; }
summary code { color: CanvasText; font-size: .92rem; margin-right: .6rem; }
summary span { display: inline-block; width: 4.5rem; font-weight: 700; font-size: .8rem; }
.get { color: var(--get); } .post { color: var(--post); } .patch { color: var(--patch); } .delete { color: var(--delete); }
pre { overflow: auto; max-height: 26rem; background: #8881; padding: .7rem .9rem; border-radius: .5rem; font-size: .85rem; }
table { font-size: .9rem; } td { padding: .1rem .8rem .1rem 0; vertical-align: top; }
`;
