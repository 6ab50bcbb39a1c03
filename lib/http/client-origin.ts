/** Where a request comes from and what it asked for, as its client saw it. */
export interface ClientOrigin {
  /** Its address; empty when there is none (in-process). */
  readonly ip: string;
  readonly protocol: 'http' | 'https';
  /** The host and port it asked, as it was sent. */
  readonly host: string;
}
