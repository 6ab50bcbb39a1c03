import { UploadedFile } from '../http/uploaded-file';
import type { Constraint } from '../validation/class-validator-door';
import { isJson, type JsonSchema, oneOfValues } from './json-schema';

type Fragment = (parameters: readonly unknown[]) => JsonSchema;

const STRING: JsonSchema = { type: 'string' };
const NUMBER: JsonSchema = { type: 'number' };
const ARRAY: JsonSchema = { type: 'array' };
const LATITUDE: JsonSchema = { type: ['number', 'string'] };
/** A part of a multipart form, whatever is in it. */
export const FILE: JsonSchema = { type: 'string', contentMediaType: 'application/octet-stream' };
const DATE_TIME: JsonSchema = { type: 'string', format: 'date-time' };

/** Validators that ask for a text of a kind for which there is no word. */
const TEXTS =
  `isAscii isBase32 isBase58 isBIC isBooleanString isBtcAddress isByteLength isCreditCard isCurrency isDataURI isDecimal
isEAN isEthereumAddress IsFirebasePushId isFullWidth isHalfWidth isHash isHSL isIBAN isIdentityCard isIsbn isIsin isISO31661Alpha2
isISO31661Alpha3 isISO31661Numeric isISO4217CurrencyCode isISO6391 isISRC isISSN isJwt isLatLong isLocale isLowercase isMacAddress
isMagnetURI isMimeType isMobilePhone isMultibyte isNumberString isOctal isPassportNumber isPhoneNumber isPort isPostalCode isRgbColor
isSemVer isStrongPassword isSurrogatePair isTaxId isTimeZone isUppercase isVariableWidth isFqdn isHexColor isHexadecimal`.split(
    /\s+/,
  );

/** What each validator of class-validator says of a value, as a schema. One that is not here says nothing. */
const FRAGMENTS: ReadonlyMap<string, Fragment> = new Map<string, Fragment>([
  ...TEXTS.map((code): [string, Fragment] => [code, () => STRING]),
  ['isString', () => STRING],
  ['isInt', () => ({ type: 'integer' })],
  ['isNumber', () => NUMBER],
  ['isBoolean', () => ({ type: 'boolean' })],
  ['isObject', () => ({ type: 'object' })],
  ['isNotEmptyObject', () => ({ type: 'object', minProperties: 1 })],
  ['isArray', () => ARRAY],
  ['isInstance', ([type]) => (type === UploadedFile ? FILE : {})],
  ['isDate', () => DATE_TIME],
  ['minDate', () => DATE_TIME],
  ['maxDate', () => DATE_TIME],
  ['isDateString', () => DATE_TIME],
  ['isIso8601', () => DATE_TIME],
  ['isRFC3339', () => DATE_TIME],
  ['isLatitude', () => LATITUDE],
  ['isLongitude', () => LATITUDE],
  ['isIn', ([values]) => valuesIn(values)],
  ['isEnum', ([entity]) => valuesIn(enumValues(entity))],
  ['isNotIn', ([values]) => ({ not: { enum: jsonIn(values) } })],
  ['equals', ([value]) => (isJson(value) ? { const: value } : {})],
  ['notEquals', ([value]) => (isJson(value) ? { not: { const: value } } : {})],
  ['min', ([value]) => limit(NUMBER, 'minimum', value)],
  ['max', ([value]) => limit(NUMBER, 'maximum', value)],
  ['isPositive', () => ({ type: 'number', exclusiveMinimum: 0 })],
  ['isNegative', () => ({ type: 'number', exclusiveMaximum: 0 })],
  [
    'isDivisibleBy',
    ([value]) => (Number.isInteger(value) && value !== 0 ? limit(NUMBER, 'multipleOf', Math.abs(value as number)) : NUMBER),
  ],
  ['minLength', ([value]) => limit(STRING, 'minLength', value)],
  ['maxLength', ([value]) => limit(STRING, 'maxLength', value)],
  ['isLength', ([least, most]) => limit(limit(STRING, 'minLength', least), 'maxLength', most)],
  ['matches', ([pattern, modifiers]) => ({ ...STRING, ...patternOf(pattern, modifiers) })],
  ['contains', ([seed]) => ({ ...STRING, pattern: escape(String(seed)) })],
  ['notContains', ([seed]) => ({ ...STRING, not: { pattern: escape(String(seed)) } })],
  ['isAlpha', ([locale]) => plainLetters(locale, '^[A-Za-z]+$')],
  ['isAlphanumeric', ([locale]) => plainLetters(locale, '^[0-9A-Za-z]+$')],
  ['isMongoId', () => ({ ...STRING, pattern: '^[0-9a-fA-F]{24}$' })],
  ['isMilitaryTime', () => ({ ...STRING, pattern: '^([01]\\d|2[0-3]):[0-5]\\d$' })],
  ['isEmail', () => ({ ...STRING, format: 'email' })],
  ['isUrl', ([options]) => ({ ...STRING, format: needsScheme(options) ? 'uri' : 'uri-reference' })],
  ['isUuid', () => ({ ...STRING, format: 'uuid' })],
  ['isIp', ([version]) => (['4', '6'].includes(String(version)) ? { ...STRING, format: `ipv${String(version)}` } : STRING)],
  ['isJson', () => ({ ...STRING, contentMediaType: 'application/json' })],
  ['isBase64', () => ({ ...STRING, contentEncoding: 'base64' })],
  ['arrayMinSize', ([count]) => limit(ARRAY, 'minItems', count)],
  ['arrayMaxSize', ([count]) => limit(ARRAY, 'maxItems', count)],
  ['arrayNotEmpty', () => ({ ...ARRAY, minItems: 1 })],
  ['arrayContains', ([values]) => ({ ...ARRAY, allOf: jsonIn(values).map((value) => ({ contains: { const: value } })) })],
  ['arrayNotContains', ([values]) => ({ ...ARRAY, items: { not: { enum: jsonIn(values) } } })],
  ['arrayUnique', ([identifier]) => (identifier === undefined ? { ...ARRAY, uniqueItems: true } : ARRAY)],
]);

/** What a value must be for this constraint to hold, as far as a schema can say it. */
export function constraintSchema({ code, parameters }: Constraint): JsonSchema {
  return FRAGMENTS.get(code)?.(parameters) ?? {};
}

/** Whether a value passes, as far as class-validator's own validators say: those of users are not run for a document. */
export function passesKnown(constraint: Constraint, value: unknown, object: object, property: string): boolean {
  const { code, each, parameters, validate } = constraint;
  if (!FRAGMENTS.has(code)) return true;
  const args = { targetName: object.constructor.name, property, object, value, constraints: parameters };
  return each && Array.isArray(value) ? value.every((one) => validate(one, args)) : Boolean(validate(value, args));
}

/** The validators that nothing at all would pass. */
const TAKES_NOTHING: ReadonlySet<string> = new Set(['notEquals', 'isNotIn', 'isEmpty']);

/** Whether a value must be there for this constraint to hold. One of a user's own is taken to mean it. */
export function refusesNothing({ code, parameters }: Constraint): boolean {
  return !TAKES_NOTHING.has(code) && !(code === 'equals' && parameters[0] === undefined);
}

/** Whether the constraint is about lists. */
export function isOfList({ code, each }: Constraint): boolean {
  return !each && FRAGMENTS.get(code)?.([]).type === 'array';
}

function limit(schema: JsonSchema, key: string, value: unknown): JsonSchema {
  return typeof value === 'number' && Number.isFinite(value) ? { ...schema, [key]: value } : schema;
}

function jsonIn(values: unknown): unknown[] {
  return Array.isArray(values) ? values.filter(isJson) : [];
}

/** Values of which JSON can say none are no schema: an empty enum would be none, either. */
function valuesIn(values: unknown): JsonSchema {
  const known = jsonIn(values);
  return known.length === 0 ? {} : oneOfValues(known);
}

/** The values of an enum, without the way back (`{ 0: 'A' }`) that a numeric one has. */
export function enumValues(entity: unknown): unknown[] {
  if (Array.isArray(entity)) return entity as unknown[];
  if (typeof entity !== 'object' || entity === null) return [];
  return Object.entries(entity).flatMap(([name, value]) => (/^-?\d/.test(name) ? [] : [value as unknown]));
}

/** A pattern in a schema has no flags, and is read as if it had `u`: one that cannot be, or means something else then, is left out. */
function patternOf(pattern: unknown, modifiers: unknown): JsonSchema {
  const flags = pattern instanceof RegExp ? pattern.flags : typeof modifiers === 'string' ? modifiers : '';
  const source = pattern instanceof RegExp ? pattern.source : pattern;
  if (typeof source !== 'string' || !/^[gu]*$/.test(flags)) return {};
  try {
    new RegExp(source, 'u');
    return { pattern: source };
  } catch {
    return {};
  }
}

function escape(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}

function plainLetters(locale: unknown, pattern: string): JsonSchema {
  return locale === undefined || locale === 'en-US' ? { ...STRING, pattern } : STRING;
}

function needsScheme(options: unknown): boolean {
  return (options as { readonly require_protocol?: boolean } | undefined)?.require_protocol === true;
}
