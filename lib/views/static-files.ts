import { basename, dirname } from 'node:path';
import type { Stats } from 'node:fs';
import type { Readable } from 'node:stream';
import type Send from '@fastify/send';

let loaded: typeof Send | undefined;

/** Loaded when an application has static files. */
function send(): typeof Send {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- a static import would load it at start
  loaded ??= require('@fastify/send') as typeof Send;
  return loaded;
}

/** The content type of a file by its name; bytes when nobody knows. */
export function typeOf(name: string): string {
  const { mime, isUtf8MimeType } = send();
  const known = mime.getType(name) ?? 'application/octet-stream';
  // RFC 9239 made that of before obsolete.
  const type = known === 'application/javascript' ? 'text/javascript' : known;
  return isUtf8MimeType(type) ? `${type}; charset=utf-8` : type;
}

/** A file, or a part of it, that is open and waits to be read. */
export interface OpenPart {
  readonly kind: 'part';
  readonly stream: Readable;
  readonly bytes: number;
  /** `Content-Range`; `undefined` when it is the whole. */
  readonly range: string | undefined;
  /** Of the whole file, as it was found. */
  readonly stats: Stats;
}

/** Why there is none. */
export type NoPart = { readonly kind: 'gone' } | { readonly kind: 'unsatisfiable' };

/**
 * Finds the part of a file that a `Range` asks for (RFC 9110 §14.2). One that is not understood, or of several parts, is the whole.
 *
 * The file is closed with the stream; `opened` tells when it is open.
 */
export async function findPart(file: string, range: string | undefined): Promise<OpenPart | NoPart> {
  // What it asks of a request are its method and headers. Conditions, types and caching are decided before.
  const request = { method: 'GET', headers: range === undefined ? {} : { range } };
  const found = await send().send(request as unknown as Readable, encodeURIComponent(basename(file)), {
    root: dirname(file),
    dotfiles: 'allow',
    index: false,
    cacheControl: false,
    contentType: false,
    etag: false,
    lastModified: false,
  });
  if (found.type !== 'file') {
    if (found.statusCode === 416) return { kind: 'unsatisfiable' };
    if (found.type === 'error' && found.statusCode >= 500) throw found.metadata.error;
    return { kind: 'gone' };
  }
  const { headers, stream, metadata } = found;
  return {
    kind: 'part',
    stream,
    bytes: Number(headers['Content-Length']),
    range: headers['Content-Range'],
    stats: metadata.stat,
  };
}

/** Settles when the file is open, or its stream was destroyed; fails with what kept it from being opened. */
export function opened(stream: Readable): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.once('open', () => resolve());
    stream.once('close', () => resolve());
    stream.once('error', reject);
  });
}
