// The page over a document: what there is, and a form to try it. No outside host, no inline style or script; everything
// from the document is put in as text, so that none of it can become markup.
'use strict';

const METHODS = ['get', 'post', 'put', 'patch', 'delete', 'head', 'options', 'trace'];
/** How much of a body is shown. */
const MOST_CHARACTERS = 200_000;

const metaOf = (name) => document.querySelector(`meta[name="${name}"]`).content;
const documentUrl = new URL(metaOf('openapi-document'), location.href);
const rootUrl = new URL(metaOf('openapi-root'), location.href);

/** Makes an element. In: properties (`class`, events as `onclick`, attributes), then children; nothing is left out. */
function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children.flat().filter((child) => child !== undefined && child !== null && child !== ''));
  return element;
}

/** A part that is filled when it is first opened: a large document stays quick, and a schema may hold itself. */
function lazyDetails(properties, summary, fill) {
  const inside = make('div', { class: 'inside' });
  const details = make('details', properties, make('summary', {}, ...summary), inside);
  details.addEventListener('toggle', () => {
    if (details.open && inside.childNodes.length === 0) inside.append(...fill().filter(Boolean));
  });
  return details;
}

function start(api) {
  const credentials = new Map();
  document.title = `${api.info.title} ${api.info.version}`;
  const operations = operationsOf(api);
  const groups = new Map();
  for (const operation of operations) {
    const tag = operation.tags?.[0] ?? 'Other';
    groups.set(tag, [...(groups.get(tag) ?? []), operation]);
  }
  const main = make(
    'main',
    {},
    headOf(api, credentials),
    [...groups].map(([tag, list]) => groupOf(api, tag, list, credentials)),
    schemasOf(api),
  );
  const layout = make('div', { class: 'layout' }, navigationOf(groups), main);
  document.getElementById('page').replaceWith(layout);
  addEventListener('hashchange', openTarget);
  openTarget();
}

/** What the address points at is opened. */
function openTarget() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target instanceof HTMLDetailsElement) {
    target.open = true;
    target.scrollIntoView();
  }
}

function operationsOf(api) {
  return Object.entries(api.paths ?? {}).flatMap(([path, item]) =>
    METHODS.filter((method) => item[method] !== undefined).map((method) => ({ ...item[method], path, method })),
  );
}

function headOf(api, credentials) {
  const { title, version, description } = api.info;
  const schemes = Object.entries(api.components?.securitySchemes ?? {});
  return make(
    'header',
    {},
    make('h1', {}, title),
    make('p', { class: 'quiet' }, `Version ${version} · `, make('a', { href: documentUrl.href }, 'OpenAPI document')),
    description === undefined ? '' : make('p', { class: 'text' }, description),
    schemes.map(([name, scheme]) => credentialField(name, scheme, credentials)),
  );
}

/** Kept in this page alone: it is gone when the page is. */
function credentialField(name, scheme, credentials) {
  const id = `credential-${name}`;
  const words = scheme.type === 'apiKey' ? scheme.name : scheme.scheme === 'basic' ? 'user:password' : 'token';
  const input = make('input', { id, type: 'password', autocomplete: 'off', placeholder: words });
  input.addEventListener('input', () => credentials.set(name, input.value));
  return make('div', {}, make('label', { for: id }, `Credential: ${name}`), input);
}

function navigationOf(groups) {
  const search = make('input', { type: 'search', id: 'search', placeholder: 'Filter', 'aria-label': 'Filter operations' });
  const lists = [...groups].map(([tag, list]) => {
    const items = list.map((operation) => {
      const { method, path, operationId } = operation;
      const link = make('a', { href: `#${operationId}` }, badge(method), make('span', {}, path));
      return { text: `${method} ${path} ${operation.summary ?? ''}`.toLowerCase(), item: make('li', {}, link) };
    });
    const section = make(
      'section',
      {},
      make('h2', {}, tag),
      make(
        'ul',
        {},
        items.map(({ item }) => item),
      ),
    );
    return { section, items };
  });
  search.addEventListener('input', () => {
    const wanted = search.value.trim().toLowerCase();
    for (const { section, items } of lists) {
      for (const { item, text } of items) item.hidden = !text.includes(wanted);
      section.hidden = items.every(({ item }) => item.hidden);
    }
  });
  return make(
    'nav',
    { 'aria-label': 'Operations' },
    search,
    lists.map(({ section }) => section),
  );
}

function badge(method) {
  return make('span', { class: `method ${method}` }, method.toUpperCase());
}

function groupOf(api, tag, operations, credentials) {
  const description = api.tags?.find(({ name }) => name === tag)?.description;
  return make(
    'section',
    {},
    make('h2', {}, tag),
    description === undefined ? '' : make('p', { class: 'text quiet' }, description),
    operations.map((operation) => operationCard(api, operation, credentials)),
  );
}

function operationCard(api, operation, credentials) {
  const { method, path, summary, operationId, deprecated } = operation;
  const head = [badge(method), make('span', { class: 'path' }, path), make('span', { class: 'quiet' }, summary ?? '')];
  if (deprecated) head.push(make('span', { class: 'must' }, 'deprecated'));
  return lazyDetails({ id: operationId, class: deprecated ? 'card deprecated' : 'card' }, head, () => [
    operation.description && make('p', { class: 'text' }, operation.description),
    ...specialsOf(operation),
    securityOf(operation),
    parametersOf(api, operation),
    bodyOf(api, operation),
    responsesOf(api, operation),
    tryForm(api, operation, credentials),
  ]);
}

/** Extension fields: what this framework does and OpenAPI has no word for. */
function specialsOf(operation) {
  return Object.entries(operation)
    .filter(([name]) => name.startsWith('x-'))
    .map(([name, value]) => {
      const texts = Array.isArray(value) ? value : [value];
      const shown = texts.map((text) => make('code', {}, typeof text === 'string' ? text : JSON.stringify(text)));
      return make('p', {}, `${name.replace(/^x-(rockstar-)?/, '')}: `, ...shown.flatMap((code) => [code, ' ']));
    });
}

function securityOf({ security }) {
  if (security === undefined || security.length === 0) return undefined;
  const ways = security.map((way) =>
    Object.entries(way)
      .map(([name, needs]) => (needs.length === 0 ? name : `${name} (${needs.join(', ')})`))
      .join(' and '),
  );
  return make('p', {}, 'Needs: ', make('strong', {}, ways.join(' or ')));
}

function parametersOf(api, { parameters = [] }) {
  if (parameters.length === 0) return undefined;
  const list = parameters.map(({ name, in: place, required, schema = {}, description }) =>
    make(
      'li',
      {},
      make('code', {}, name),
      ` ${place} `,
      required ? make('span', { class: 'must' }, 'required ') : '',
      schemaView(api, schema),
      description === undefined ? '' : make('div', { class: 'text quiet' }, description),
    ),
  );
  return make('div', {}, make('h3', {}, 'Parameters'), make('ul', { class: 'fields' }, list));
}

function bodyOf(api, { requestBody }) {
  if (requestBody === undefined) return undefined;
  const required = requestBody.required ? make('span', { class: 'must' }, ' required') : '';
  return make('div', {}, make('h3', {}, 'Body', required), contentView(api, requestBody.content));
}

function contentView(api, content = {}) {
  const list = Object.entries(content).map(([type, { schema }]) =>
    make('li', {}, make('code', {}, type), ' ', schema === undefined ? '' : schemaView(api, schema)),
  );
  return make('ul', { class: 'fields' }, list);
}

function responsesOf(api, { responses = {} }) {
  const list = Object.entries(responses).map(([status, reference]) => {
    const { description, content } = resolve(api, reference);
    // What is shared is the same each time: the last of them shows what they all have.
    const isShared = reference.$ref !== undefined && status !== 'default';
    return make('li', {}, make('strong', {}, status), ' ', description, isShared ? '' : contentView(api, content));
  });
  return make('div', {}, make('h3', {}, 'Responses'), make('ul', { class: 'fields' }, list));
}

/** What a reference inside the document points at. */
function resolve(api, value) {
  if (value === null || typeof value !== 'object' || typeof value.$ref !== 'string') return value;
  const keys = value.$ref.slice(2).split('/');
  return keys.reduce((inside, key) => inside?.[key.replace(/~1/g, '/').replace(/~0/g, '~')], api);
}

const LIMITS = ['format', 'pattern', 'minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf', 'minLength'];
LIMITS.push('maxLength', 'minItems', 'maxItems', 'uniqueItems', 'default', 'const', 'contentEncoding', 'readOnly', 'writeOnly');

function schemaView(api, schema) {
  if (typeof schema.$ref === 'string') {
    const name = schema.$ref.split('/').at(-1);
    return lazyDetails({}, [make('code', {}, name)], () => [schemaView(api, resolve(api, schema))]);
  }
  const limits = LIMITS.filter((key) => schema[key] !== undefined).map((key) => `${key}: ${JSON.stringify(schema[key])}`);
  const values = schema.enum === undefined ? '' : ` one of ${schema.enum.map((value) => JSON.stringify(value)).join(', ')}`;
  const parts = [
    make('span', { class: 'quiet' }, [typeName(schema), values, limits.length > 0 ? ` ${limits.join(', ')}` : ''].join('')),
    schema.description === undefined ? '' : make('div', { class: 'text quiet' }, schema.description),
  ];
  if (schema.properties !== undefined) parts.push(propertiesView(api, schema));
  if (typeof schema.items === 'object')
    parts.push(make('ul', { class: 'fields' }, make('li', {}, 'each: ', schemaView(api, schema.items))));
  for (const key of ['oneOf', 'anyOf', 'allOf']) {
    if (!Array.isArray(schema[key])) continue;
    const views = schema[key].map((one) => make('li', {}, schemaView(api, one)));
    parts.push(
      make('div', {}, { oneOf: 'one of', anyOf: 'any of', allOf: 'all of' }[key], make('ul', { class: 'fields' }, views)),
    );
  }
  return make('span', {}, parts);
}

function typeName({ type, properties }) {
  if (type === undefined) return properties === undefined ? '' : 'object';
  return [type].flat().join(' or ');
}

function propertiesView(api, { properties, required = [] }) {
  const list = Object.entries(properties).map(([name, schema]) =>
    make(
      'li',
      {},
      make('code', {}, name),
      ' ',
      required.includes(name) ? make('span', { class: 'must' }, 'required ') : '',
      schemaView(api, schema),
    ),
  );
  return make('ul', { class: 'fields' }, list);
}

function schemasOf(api) {
  const cards = Object.entries(api.components?.schemas ?? {}).map(([name, schema]) =>
    lazyDetails({ id: `schema-${name}`, class: 'card' }, [make('span', { class: 'path' }, name)], () => [
      schemaView(api, schema),
    ]),
  );
  return cards.length === 0 ? undefined : make('section', {}, make('h2', {}, 'Schemas'), cards);
}

/** A value that fits the schema, for a start. */
function exampleOf(api, schema = {}, depth = 0) {
  const found = resolve(api, schema) ?? {};
  const given = found.example ?? found.examples?.[0] ?? found.default ?? found.const ?? found.enum?.[0];
  if (given !== undefined) return given;
  const [variant] = found.oneOf ?? found.anyOf ?? [];
  if (variant !== undefined) return exampleOf(api, variant, depth);
  const type = [found.type].flat()[0] ?? (found.properties === undefined ? undefined : 'object');
  if (type === 'object') return depth > 4 ? {} : exampleObject(api, found, depth);
  if (type === 'array') return depth > 4 || !(found.minItems > 0) ? [] : [exampleOf(api, found.items, depth + 1)];
  if (type === 'integer' || type === 'number') return exampleNumber(found);
  if (type === 'boolean') return true;
  return type === 'string' ? exampleText(found) : null;
}

function exampleObject(api, { properties = {}, required = [] }, depth) {
  const names = Object.keys(properties).filter((name) => required.includes(name));
  return Object.fromEntries(names.map((name) => [name, exampleOf(api, properties[name], depth + 1)]));
}

function exampleNumber({ minimum, exclusiveMinimum, maximum }) {
  return minimum ?? (exclusiveMinimum === undefined ? Math.min(1, maximum ?? 1) : exclusiveMinimum + 1);
}

const TEXTS = {
  email: 'someone@example.org',
  uuid: '123e4567-e89b-42d3-a456-426614174000',
  uri: 'https://example.org/',
  'uri-reference': 'https://example.org/',
  'date-time': '2026-01-31T12:00:00Z',
  ipv4: '192.0.2.1',
  ipv6: '2001:db8::1',
};

function exampleText({ format, minLength = 0, maxLength = Infinity }) {
  return (TEXTS[format] ?? 'text').padEnd(minLength, '.').slice(0, maxLength);
}

function tryForm(api, operation, credentials) {
  const { operationId, parameters = [], requestBody } = operation;
  const fields = parameters
    .filter((parameter) => parameter.in !== 'cookie')
    .map((parameter) => {
      const id = `${operationId}-${parameter.in}-${parameter.name}`;
      const example = parameter.required ? String(parameter.example ?? exampleOf(api, parameter.schema) ?? '') : '';
      const input = make('input', { id, value: example, required: parameter.in === 'path' });
      return { parameter, input, row: make('div', {}, make('label', { for: id }, `${parameter.name} (${parameter.in})`), input) };
    });
  const body = requestBody === undefined ? undefined : bodyFields(api, operationId, requestBody);
  const send = make('button', { type: 'submit', class: 'send' }, 'Send');
  const stop = make('button', { type: 'button', disabled: true }, 'Stop');
  const answer = make('div', { 'aria-live': 'polite' });
  const form = make(
    'form',
    {},
    make('h3', {}, 'Try it'),
    fields.map(({ row }) => row),
    body?.rows,
    send,
    stop,
    answer,
  );
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const controller = new AbortController();
    stop.onclick = () => controller.abort();
    [send.disabled, stop.disabled] = [true, false];
    const request = buildRequest(api, operation, fields, body, credentials);
    void show(answer, request, controller.signal).finally(() => {
      [send.disabled, stop.disabled] = [false, true];
    });
  });
  return form;
}

function bodyFields(api, operationId, { content }) {
  const types = Object.keys(content);
  const type = make(
    'select',
    { id: `${operationId}-type` },
    types.map((one) => make('option', { value: one }, one)),
  );
  const text = make('textarea', { id: `${operationId}-body`, spellcheck: 'false' });
  const fill = () => {
    const example = exampleOf(api, content[type.value].schema);
    if (type.value.endsWith('urlencoded')) text.value = new URLSearchParams(example ?? {}).toString();
    else text.value = typeof example === 'string' ? example : JSON.stringify(example, null, 2);
  };
  type.addEventListener('change', fill);
  fill();
  const rows = [make('label', { for: type.id }, 'Content type'), type, make('label', { for: text.id }, 'Body'), text];
  return { type, text, rows };
}

function buildRequest(api, operation, fields, body, credentials) {
  const base = new URL(api.servers?.[0]?.url ?? '.', rootUrl).href.replace(/\/$/, '');
  const headers = new Headers();
  const query = new URLSearchParams();
  let { path } = operation;
  for (const { parameter, input } of fields) {
    const { name, in: place, schema = {} } = parameter;
    const { value } = input;
    if (place === 'path') path = path.replace(`{${name}}`, encodePath(value, parameter));
    else if (value === '') continue;
    else if (place === 'header') headers.set(name, value);
    else if (schema.type === 'array' && parameter.explode !== false)
      value.split(',').forEach((one) => query.append(name, one.trim()));
    else query.append(name, value);
  }
  authorize(api, operation, credentials, headers, query);
  const request = { method: operation.method.toUpperCase(), headers };
  if (body !== undefined && operation.method !== 'get' && operation.method !== 'head') {
    headers.set('content-type', body.type.value === '*/*' ? 'application/octet-stream' : body.type.value);
    request.body = body.text.value;
  }
  const search = query.toString();
  return { url: `${base}${path}${search === '' ? '' : `?${search}`}`, request };
}

function encodePath(value, parameter) {
  return parameter['x-rockstar-rest'] ? value.split('/').map(encodeURIComponent).join('/') : encodeURIComponent(value);
}

/** The first way in for which there are credentials. */
function authorize(api, { security = [] }, credentials, headers, query) {
  const way = security.find((one) => Object.keys(one).every((name) => credentials.get(name)));
  for (const name of Object.keys(way ?? {})) {
    const scheme = api.components?.securitySchemes?.[name] ?? {};
    const value = credentials.get(name);
    if (scheme.type === 'apiKey' && scheme.in === 'header') headers.set(scheme.name, value);
    else if (scheme.type === 'apiKey' && scheme.in === 'query') query.append(scheme.name, value);
    else if (scheme.scheme === 'basic') headers.set('authorization', `Basic ${btoa(value)}`);
    else if (scheme.type !== 'apiKey') headers.set('authorization', `Bearer ${value}`);
  }
}

async function show(answer, { url, request }, signal) {
  const status = make('p', {}, `${request.method} ${url} …`);
  const head = make('pre', { class: 'headers' });
  const body = make('pre', { class: 'body' });
  answer.replaceChildren(status);
  const startedMs = performance.now();
  try {
    const response = await fetch(url, { ...request, signal });
    const tookMs = Math.round(performance.now() - startedMs);
    status.replaceChildren(
      make('strong', {}, `${response.status} ${response.statusText}`.trim()),
      ` in ${tookMs} ms · ${request.method} ${url}`,
    );
    head.textContent = [...response.headers].map(([name, value]) => `${name}: ${value}`).join('\n');
    answer.append(head, body);
    await readInto(body, response);
  } catch (error) {
    answer.append(make('p', { class: 'must' }, signal.aborted ? 'Stopped.' : `No answer: ${error.message}`));
  }
}

/** What comes is shown as it comes: a stream of events has no end to wait for. */
async function readInto(target, response) {
  if (response.body === null) return;
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    text = (text + part.value).slice(-MOST_CHARACTERS);
    target.textContent = text;
  }
  if (/json/.test(response.headers.get('content-type') ?? '')) target.textContent = indented(text);
}

function indented(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

fetch(documentUrl)
  .then((response) => (response.ok ? response.json() : Promise.reject(new Error(`status ${response.status}`))))
  .then(start)
  .catch((error) => document.getElementById('page').replaceChildren(`The document cannot be read: ${error.message}`));
