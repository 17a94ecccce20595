/** What the address says beyond the page's name. */
export interface PageProps {
  readonly id: string;
  readonly query: URLSearchParams;
}
