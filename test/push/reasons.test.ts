import {
  explain,
  NOT_HINTED,
  NOT_PROMISED,
  type NotHinted,
  type NotPromised,
  type PushSkipped,
  SKIPPED,
} from '../../lib/push/push-outcome';
import { readText } from '../architecture/checkout';

/** The reasons that a table of the documentation lists, by the first words of its head. */
function documented(head: string): string[] {
  const [, after = ''] = readText('docs/push.md').split(`\n| ${head} `);
  const [table = ''] = after.split('\n\n');
  const rows = [...table.matchAll(/^\| (`[^|]*`) \|/gm)].flatMap(([, names = '']) => names.split(', '));
  return rows.map((name) => name.trim().replaceAll('`', '')).sort();
}

it.each([
  ['not promised because', NOT_PROMISED],
  ['not hinted because', NOT_HINTED],
  ['skipped because', SKIPPED],
])('lists in docs/push.md why something was %s, with the way out, and nothing else', (head, reasons) => {
  expect(documented(head)).toEqual(Object.keys(reasons).sort());
});

it('says of every outcome in words why it was no better one', () => {
  expect(explain({ kind: 'promised' })).toBe('the client takes promises');
  for (const reason of Object.keys(NOT_PROMISED) as NotPromised[]) {
    expect(explain({ kind: 'hinted', reason })).toBe(`not promised: ${NOT_PROMISED[reason]}`);
    for (const notHinted of Object.keys(NOT_HINTED) as NotHinted[]) {
      expect(explain({ kind: 'linked', reason, notHinted })).toBe(
        `not promised: ${NOT_PROMISED[reason]}; not hinted: ${NOT_HINTED[notHinted]}`,
      );
    }
  }
  for (const reason of Object.keys(SKIPPED) as PushSkipped[]) expect(explain({ kind: 'skipped', reason })).toBe(SKIPPED[reason]);
});
