import { validateHeaderName, validateHeaderValue } from 'node:http';
import type { Fields } from '../http/wire';
import { hijackErrors } from './errors';

/** Header fields of an answer that accepts a connection; a list is sent as several fields. */
export type AcceptHeaders = Readonly<Record<string, string | readonly string[]>>;

/** A head to accept a connection with. */
export interface AcceptHead {
  readonly status: number;
  readonly headers: AcceptHeaders;
  /** The text behind the status. */
  readonly reason: string | undefined;
  /** What is spoken from here on, told beside a 101. */
  readonly protocol: string | undefined;
}

/** The fields of a head, those of a switch of protocols included (RFC 9110 §7.8). Fails with: HIJACK_HEAD_INVALID. */
export function fieldsOf({ status, headers, reason = '', protocol }: AcceptHead): Fields {
  const fields: Fields = [];
  try {
    if (!Number.isInteger(status) || status < 101 || status > 599) throw new RangeError('its status is not from 101 to 599');
    validateHeaderValue('reason', reason);
    for (const [name, value] of Object.entries(headers)) addField(fields, name, value);
  } catch (error) {
    throw hijackErrors.HIJACK_HEAD_INVALID({ reason: error instanceof Error ? error.message : String(error) });
  }
  if (status !== 101 || protocol === undefined) return fields;
  return [...unless(headers, 'Upgrade', protocol), ...unless(headers, 'Connection', 'Upgrade'), ...fields];
}

function addField(fields: Fields, name: string, value: string | readonly string[]): void {
  validateHeaderName(name);
  for (const one of typeof value === 'string' ? [value] : value) {
    validateHeaderValue(name, one);
    fields.push(name, one);
  }
}

/** A field that nobody has given otherwise. */
function unless(headers: AcceptHeaders, name: string, value: string): Fields {
  const isGiven = Object.keys(headers).some((given) => given.toLowerCase() === name.toLowerCase());
  return isGiven ? [] : [name, value];
}
