// Hot: asked of every value of every valid body.
import type { Constraint, ConstraintArguments } from './class-validator-door';

/** Whether a value is surely what the constraint wants. `false` decides nothing: then the constraint itself is asked. */
export type Surely = (value: unknown) => boolean;

type Parameters = readonly unknown[];

interface KnownConstraint {
  /** Whether only text is what it wants. */
  readonly ofText?: true;
  /** Whether an expression of the application's is run: for a long text it may take ages. */
  readonly runsPattern?: true;
  /** What its own message says of `p`, with its slots unfilled. Another text is another's constraint under the same name. */
  readonly says: string;
  readonly compile: (parameters: Parameters) => Surely | undefined;
}

const isText: Surely = (value) => typeof value === 'string';

/** Characters that do not count as one each (validator's `isLength` takes such pairs for one). */
const COUNTED_OTHERWISE = /[\uD800-\uDFFF]|\uFE0E|\uFE0F/;

function lengthWithin(min: unknown, max: unknown): Surely | undefined {
  if (typeof min !== 'number' || (typeof max !== 'number' && max !== undefined)) return undefined;
  const most = max ?? Infinity;
  return (value) => typeof value === 'string' && value.length >= min && value.length <= most && isCountedSo(value, min);
}

/** No text has more characters than code units; it has enough when so many of its first count as one each. */
function isCountedSo(text: string, least: number): boolean {
  for (let i = 0; i < least; i++) if (text.charCodeAt(i) >= 0xd800) return !COUNTED_OTHERWISE.test(text);
  return true;
}

/** Of a pattern that remembers where it was, a test says something else the next time. */
function matching(pattern: unknown): Surely | undefined {
  if (!(pattern instanceof RegExp) || pattern.global || pattern.sticky) return undefined;
  return (value) => typeof value === 'string' && pattern.test(value);
}

/** Only what nobody doubts, in linear time: most addresses, and none that validator refuses. */
const PLAIN_EMAIL =
  /^[a-z0-9]{1,24}(?:[._+-][a-z0-9]{1,24})?@[a-z0-9]{1,24}(?:-[a-z0-9]{1,24})?(?:\.[a-z0-9]{1,24}){0,2}\.[a-z]{2,12}$/i;

function plainEmail([options]: Parameters): Surely | undefined {
  return options === undefined ? (value) => typeof value === 'string' && PLAIN_EMAIL.test(value) : undefined;
}

function finite([options]: Parameters): Surely | undefined {
  const { maxDecimalPlaces } = (options ?? {}) as { readonly maxDecimalPlaces?: number };
  if (maxDecimalPlaces === undefined) return (value) => Number.isFinite(value);
  return maxDecimalPlaces >= 0 ? (value) => Number.isSafeInteger(value) : undefined;
}

function oneOf([values]: Parameters): Surely | undefined {
  if (!Array.isArray(values)) return undefined;
  const known = values as readonly unknown[];
  // For class-validator NaN is none of its like, nor nothing one of a list with holes.
  return (value) => value === value && value !== undefined && known.includes(value);
}

function bound(limit: unknown, isWithin: (value: number, limit: number) => boolean): Surely | undefined {
  return typeof limit === 'number' ? (value) => typeof value === 'number' && isWithin(value, limit) : undefined;
}

function itemsWithin(least: unknown, most: unknown): Surely | undefined {
  if (typeof least !== 'number' || typeof most !== 'number') return undefined;
  return (value) => Array.isArray(value) && value.length >= least && value.length <= most;
}

const isThere: Surely = (value) => value !== undefined && value !== null;

const LENGTH = '$property must be longer than or equal to $constraint1 characters';

/** The constraints of class-validator that are quicker asked here. */
const KNOWN: Readonly<Partial<Record<string, KnownConstraint>>> = {
  isString: { says: '$property must be a string', compile: () => isText },
  isBoolean: { says: '$property must be a boolean value', compile: () => (value) => typeof value === 'boolean' },
  isInt: { says: '$property must be an integer number', compile: () => Number.isInteger },
  isNumber: { says: '$property must be a number conforming to the specified constraints', compile: finite },
  isArray: { says: '$property must be an array', compile: () => Array.isArray },
  isDefined: { says: '$property should not be null or undefined', compile: () => isThere },
  isNotEmpty: { says: '$property should not be empty', compile: () => (value) => isThere(value) && value !== '' },
  isIn: { says: '$property must be one of the following values: $constraint1', compile: oneOf },
  equals: {
    says: '$property must be equal to $constraint1',
    compile:
      ([wanted]) =>
      (value) =>
        value === wanted,
  },
  min: {
    says: '$property must not be less than $constraint1',
    compile: ([least]) => bound(least, (value, limit) => value >= limit),
  },
  max: {
    says: '$property must not be greater than $constraint1',
    compile: ([most]) => bound(most, (value, limit) => value <= limit),
  },
  isPositive: { says: '$property must be a positive number', compile: () => bound(0, (value, limit) => value > limit) },
  isNegative: { says: '$property must be a negative number', compile: () => bound(0, (value, limit) => value < limit) },
  isLength: { ofText: true, says: LENGTH, compile: ([min, max]) => lengthWithin(min, max) },
  minLength: { ofText: true, says: LENGTH, compile: ([min]) => lengthWithin(min, undefined) },
  maxLength: {
    ofText: true,
    says: '$property must be shorter than or equal to $constraint1 characters',
    compile: ([max]) => lengthWithin(0, max),
  },
  matches: {
    ofText: true,
    runsPattern: true,
    says: '$property must match $constraint1 regular expression',
    compile: ([pattern]) => matching(pattern),
  },
  isEmail: { ofText: true, says: '$property must be an email', compile: plainEmail },
  arrayMinSize: {
    says: '$property must contain at least $constraint1 elements',
    compile: ([least]) => itemsWithin(least, Infinity),
  },
  arrayMaxSize: { says: '$property must contain no more than $constraint1 elements', compile: ([most]) => itemsWithin(0, most) },
  arrayNotEmpty: { says: '$property should not be empty', compile: () => itemsWithin(1, Infinity) },
};

const PROBES: Parameters = [
  '',
  ' ',
  'a',
  'Zz',
  '12',
  'née',
  '👍🏽',
  'a\n\0',
  '<b>"\'&</b>',
  'ada@example.org',
  'x'.repeat(70),
  'x y '.repeat(300),
  0,
  -1,
  1,
  7,
  1.5,
  150,
  1e9,
  1e21,
  0.1 + 0.2,
  true,
  false,
];
const SHORT_PROBES = PROBES.filter((value) => typeof value !== 'string' || value.length < 20);
const LIST_PROBES: Parameters = [[], ['a'], [1, 2], Array(20).fill('a')];

/**
 * Prepares a quick answer for a constraint of class-validator's own; `undefined` where there is none.
 *
 * Somebody may have given another constraint the same name: what it says by itself has to be the same, and what is sure
 * here has to be fine for it, for every value that is tried.
 */
export function compileSurely(constraint: Constraint): Surely | undefined {
  const known = KNOWN[constraint.code];
  const surely = known?.compile(constraint.parameters);
  return known !== undefined && surely !== undefined && isItsOwn(constraint, known, surely) ? surely : undefined;
}

/** The constraints of a property without those that others of them say as well. */
export function withoutImplied(constraints: readonly Constraint[]): readonly Constraint[] {
  const impliesText = (of: Constraint) => (other: Constraint) =>
    other.appliesTo === undefined &&
    other.each === of.each &&
    KNOWN[other.code]?.ofText === true &&
    compileSurely(other) !== undefined;
  return constraints.filter((constraint) => {
    const isImplied = constraint.code === 'isString' && compileSurely(constraint) !== undefined;
    return !isImplied || !constraints.some(impliesText(constraint));
  });
}

function isItsOwn(constraint: Constraint, { says, runsPattern }: KnownConstraint, surely: Surely): boolean {
  const argsFor = (value: unknown): ConstraintArguments => {
    return { targetName: '', property: 'p', object: {}, value, constraints: constraint.parameters };
  };
  try {
    // The shortest text: what a length is too short for says `$constraint1`, whichever of both bounds it has.
    const text = constraint.ownMessage(argsFor(''));
    if (typeof text !== 'string' || text.replace(/^each value in /, '') !== says) return false;
    const probes = runsPattern ? SHORT_PROBES : PROBES;
    return [...probes, ...LIST_PROBES].every((value) => !surely(value) || constraint.validate(value, argsFor(value)) === true);
  } catch {
    return false;
  }
}
