/** The route of a page: the id of a detail page, and the query. */
export interface PageProps {
  readonly id: string;
  readonly query: URLSearchParams;
}
