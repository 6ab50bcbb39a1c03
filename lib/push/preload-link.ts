import type { CheckedOptions, PreloadAs } from './push-options';

/** What an ending of a path says of a resource. */
const ENDINGS: ReadonlyMap<string, readonly [PreloadAs, string]> = new Map(
  Object.entries<readonly [PreloadAs, string]>({
    css: ['style', 'text/css'],
    js: ['script', 'text/javascript'],
    mjs: ['script', 'text/javascript'],
    woff2: ['font', 'font/woff2'],
    woff: ['font', 'font/woff'],
    ttf: ['font', 'font/ttf'],
    otf: ['font', 'font/otf'],
    png: ['image', 'image/png'],
    jpg: ['image', 'image/jpeg'],
    jpeg: ['image', 'image/jpeg'],
    gif: ['image', 'image/gif'],
    webp: ['image', 'image/webp'],
    avif: ['image', 'image/avif'],
    svg: ['image', 'image/svg+xml'],
    ico: ['image', 'image/x-icon'],
    vtt: ['track', 'text/vtt'],
    json: ['fetch', 'application/json'],
    wasm: ['fetch', 'application/wasm'],
  }),
);

/** What a content type says, the first that matches. */
const TYPES: readonly (readonly [RegExp, PreloadAs])[] = [
  [/^text\/css\b/, 'style'],
  [/^(?:text|application)\/(?:javascript|ecmascript)\b/, 'script'],
  [/^(?:font\/|application\/font-|application\/vnd\.ms-fontobject)/, 'font'],
  [/^image\//, 'image'],
  [/^audio\//, 'audio'],
  [/^video\//, 'video'],
  [/^text\/vtt\b/, 'track'],
];

/** Browsers ask for these without credentials of another origin, and take no preload that was asked for otherwise. */
const ANONYMOUS: ReadonlySet<PreloadAs> = new Set(['font', 'fetch']);

/**
 * The value of `Link` that has a resource loaded before it is asked for (RFC 8288; HTML, *link type preload*).
 *
 * In: the content type it will have, as far as that is known.
 */
export function preloadLink(path: string, options: CheckedOptions, knownType: string | undefined): string {
  const [byEnding, typeByEnding] = ENDINGS.get(endingOf(path)) ?? [undefined, undefined];
  const type = options.type ?? essenceOf(knownType) ?? typeByEnding;
  const as = options.as ?? asOf(type) ?? byEnding ?? 'fetch';
  const { crossorigin = ANONYMOUS.has(as) } = options;
  let link = `<${path}>; rel=preload; as=${as}`;
  if (type !== undefined) link += `; type="${type}"`;
  if (crossorigin === 'use-credentials') link += '; crossorigin=use-credentials';
  else if (crossorigin !== false) link += '; crossorigin';
  return link;
}

function endingOf(path: string): string {
  const [end] = path.split('?', 1);
  return end.slice(end.lastIndexOf('.') + 1).toLowerCase();
}

/** Without its parameters. */
function essenceOf(type: string | undefined): string | undefined {
  const essence = type?.split(';', 1)[0].trim();
  return essence === undefined || !/^[\w.+-]+\/[\w.+-]+$/.test(essence) ? undefined : essence;
}

function asOf(type: string | undefined): PreloadAs | undefined {
  return type === undefined ? undefined : TYPES.find(([pattern]) => pattern.test(type))?.[1];
}
