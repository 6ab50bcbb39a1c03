import { readFileSync } from 'node:fs';
import { Converter } from 'typedoc';

/** The documents, in the order in which the README leads to them. */
const documents = [...new Set([...readFileSync('README.md', 'utf8').matchAll(/\]\(([\w/-]+\.md)[#)]/g)].map(([, path]) => path))];

/** In the navigation, a document has the name that stands on top of it, and a module that by which it is imported. */
function nameThem(app) {
  let inOrder = [];
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    inOrder = [...(project.documents ?? [])];
    for (const document of inOrder) document.name = titleOf(document) ?? document.name;
    for (const module of project.children ?? [])
      module.name = module.name === 'index' ? 'rockstar-web' : `rockstar-web/${module.name}`;
  });
  // Sorted by then; documents have the order of reading.
  app.converter.on(
    Converter.EVENT_RESOLVE_END,
    ({ project }) => (project.childrenIncludingDocuments = [...inOrder, ...(project.children ?? [])]),
    -10_000,
  );
}

/** What goes in and comes out of a name, and how it fails, stand below each other. */
function setApart(app) {
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    for (const { comment } of Object.values(project.reflections)) {
      for (const part of comment?.summary ?? []) part.text = part.text.replace(LABEL, '\n\n**$1:** ');
    }
  });
}

const LABEL = /(?:^|\s)(In|Out|Fails with|Ends): /g;

function titleOf(document) {
  const [first] = document.content;
  return /^# (.+)$/m.exec(first?.text ?? '')?.[1];
}

/** @type {import('typedoc').TypeDocOptions} */
export default {
  name: 'Rockstar',
  entryPoints: ['lib/index.ts', 'lib/testing/index.ts'],
  projectDocuments: documents,
  out: 'site',
  readme: 'README.md',
  plugin: [nameThem, setApart],
  disableSources: true,
  excludeExternals: true,
  excludeInternal: true,
  excludePrivate: true,
  excludeProtected: true,
  // `npm run types` does that.
  skipErrorChecking: true,
  sort: ['kind', 'alphabetical'],
  treatWarningsAsErrors: true,
  validation: { invalidLink: true, invalidPath: true, rewrittenLink: true, notExported: false, notDocumented: false },
  highlightLanguages: ['typescript', 'json', 'diff', 'html', 'sh', 'shellscript', 'http', 'ini', 'nginx', 'docker', 'yaml'],
  ignoredHighlightLanguages: ['haproxy', 'mermaid'],
};
