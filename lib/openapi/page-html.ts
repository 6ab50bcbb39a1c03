import { readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import type { OpenApiDocument } from './document';

/** The files of the page, beside its HTML. */
export const PAGE_FILES = { script: 'page.js', style: 'page.css' } as const;

/** Reads a file of the page, as it is sent. */
export function readPageFile(name: string): Buffer {
  return readFileSync(join(__dirname, 'page', name));
}

/** Where things are, seen from the page. Paths are relative: a proxy may have put all of it below another path. */
interface PagePlaces {
  readonly page: string;
  readonly document: string;
  /** Asked for with a slash at its end, everything is one step further away. */
  readonly slashed: boolean;
}

/** The page's HTML. It holds nothing but where to look: the script reads the document. */
export function pageHtml(title: string, { page, document, slashed }: PagePlaces): string {
  const from = slashed ? page : posix.dirname(page);
  const relative = (path: string): string => escape(posix.relative(from, path) || '.');
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <meta name="openapi-document" content="${relative(document)}" />
    <meta name="openapi-root" content="${relative('/')}/" />
    <title>${escape(title)}</title>
    <link rel="icon" href="data:," />
    <link rel="stylesheet" href="${relative(`${page}/${PAGE_FILES.style}`)}" />
    <script defer src="${relative(`${page}/${PAGE_FILES.script}`)}"></script>
  </head>
  <body>
    <div id="page"><noscript>This page needs JavaScript. The document itself does not: <a href="${relative(document)}">${escape(document)}</a></noscript></div>
  </body>
</html>
`;
}

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

/** What the page may do (CSP level 3): load from where it came from, and ask the servers that the document names. */
export function contentPolicy({ servers }: OpenApiDocument): string {
  const origins = (Array.isArray(servers) ? servers : []).flatMap(({ url }: { readonly url: string }) =>
    /^https?:\/\/[\w.:[\]-]+/i.test(url) ? [new URL(url).origin] : [],
  );
  const connect = ["'self'", ...new Set(origins)].join(' ');
  return (
    `default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src ${connect}; ` +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
  );
}
