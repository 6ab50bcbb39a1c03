// What a new user must look like, as a JSON schema and as a check by hand. servers/ours.ts has the same as a class.
export const EMAIL = /^[^@\s]+@[^@\s]+\.[^@\s]+$/;

const text = (maxLength) => ({ type: 'string', minLength: 1, maxLength });

export const userSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['name', 'email', 'age', 'active', 'tags', 'address'],
  properties: {
    name: text(64),
    email: { type: 'string', pattern: EMAIL.source },
    age: { type: 'integer', minimum: 0, maximum: 150 },
    active: { type: 'boolean' },
    tags: { type: 'array', items: { type: 'string' } },
    address: {
      type: 'object',
      additionalProperties: false,
      required: ['street', 'city'],
      properties: { street: text(128), city: text(64) },
    },
  },
};

const isText = (value, most) => typeof value === 'string' && value.length > 0 && value.length <= most;
const hasOnly = (value, count) => typeof value === 'object' && value !== null && Object.keys(value).length === count;

export function isUser(user) {
  return (
    hasOnly(user, 6) &&
    isText(user.name, 64) &&
    typeof user.email === 'string' &&
    EMAIL.test(user.email) &&
    Number.isInteger(user.age) &&
    user.age >= 0 &&
    user.age <= 150 &&
    typeof user.active === 'boolean' &&
    Array.isArray(user.tags) &&
    user.tags.every((tag) => typeof tag === 'string') &&
    hasOnly(user.address, 2) &&
    isText(user.address.street, 128) &&
    isText(user.address.city, 64)
  );
}
