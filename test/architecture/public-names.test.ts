import * as main from '../../lib/index';
import * as testing from '../../lib/testing/index';
import { readText } from './checkout';

const LIST = 'test/architecture/public-names.txt';

/** The names each entry exports at run time, one a line, sorted. */
function exportedNames(): string {
  const entries = { 'rockstar-web': main, 'rockstar-web/testing': testing };
  return Object.entries(entries)
    .map(([entry, names]) => [`# ${entry}`, ...Object.keys(names).sort(), ''].join('\n'))
    .join('\n');
}

it('exports the names of the list, no more and no fewer', () => {
  const found = exportedNames();
  // A name that leaves breaks somebody's program, and one that comes has to be kept: both are decisions.
  const howToUpdate = `If the change is meant, write the names received to ${LIST} and a line about them to CHANGELOG.md.`;
  expect({ names: found.split('\n'), howToUpdate }).toEqual({ names: readText(LIST).split('\n'), howToUpdate });
});
