import type { IncomingHttpHeaders } from 'node:http';
import type { Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import type { FrameworkError } from '../errors/framework-error';
import { httpErrors } from './errors';

const DECODERS: Readonly<Record<string, () => Transform>> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
};

/** What a client may compress a body with (RFC 9110 §15.5.16 asks to tell it). */
const ACCEPTED = { headers: { 'accept-encoding': 'gzip, deflate, br' } };

/** The content coding of a body (RFC 9110 §8.4), in lower case; `undefined`: it is sent as it is. */
export function codingOf({ 'content-encoding': coding }: IncomingHttpHeaders): string | undefined {
  const name = coding?.trim().toLowerCase();
  return name === undefined || name === '' || name === 'identity' ? undefined : name;
}

/** Why a coding is not taken: it is not known, or it is more than one, which only makes a bomb larger. */
export function refuseCoding(coding: string | undefined): FrameworkError | undefined {
  if (coding === undefined || Object.hasOwn(DECODERS, coding)) return undefined;
  return httpErrors.BODY_ENCODING_UNSUPPORTED({ coding }, ACCEPTED);
}

/** Undoes a coding that was not refused. */
export function makeDecoder(coding: string): Transform {
  return DECODERS[coding]();
}
