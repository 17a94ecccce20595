/** The OpenAPI document, generated from the routes and their schemas. */

export { RouteBook } from './document.ts';
export { DOCS_STYLE, docsPage } from './page.ts';
