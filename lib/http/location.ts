/** Half a surrogate pair, which has no UTF-8. */
const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;
/** What may not stand in a URL as it is (RFC 3986 §2); a percent sign may where it begins an escape. */
const NOT_IN_URL = /[^!#-;=?-Z[\]_a-z~]|%(?![\da-fA-F]{2})/gu;

/** A URL as a header can carry it: what is not allowed in one is percent-encoded, what is encoded already stays. */
export function toLocation(url: string): string {
  return url.replace(LONE_SURROGATE, '\ufffd').replace(NOT_IN_URL, encodeURIComponent);
}
