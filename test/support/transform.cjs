const { compiled, keyOf } = require('../../samples/compiled-file.cjs');

/** The tests run what the samples run: nothing is compiled twice. */
module.exports = {
  getCacheKey: (text, file) => keyOf(file, text),
  process(text, file) {
    const { code, readMap } = compiled(file, text);
    return { code, map: readMap() };
  },
};
