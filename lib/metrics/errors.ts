import { defineErrors } from '../errors/define-error';

/** What can be wrong with an instrument, with what it is told, and with a health indicator. */
export const metricsErrors = defineErrors({
  METRIC_NAME_INVALID: {
    message:
      'the metric name is {name}; expected a letter, then letters, digits, `.`, `_` or `-`, at most 150 in all, e.g. `orders.placed`. What varies goes into the attributes.',
  },
  METRIC_CONFLICT: {
    message:
      'the metric {name} is registered as {known}; now {asked} asks for it. Use one of the two everywhere, or another name.',
  },
  METRIC_OUTPUT_CONFLICT: {
    message:
      'the metric {name} would be written as `{written}`, which is already written for the metric {other}. Rename one of them.',
  },
  METRIC_BUCKETS_INVALID: {
    message:
      'the buckets of the histogram {name} are [{got}]; expected 1 to 100 finite upper bounds, each larger than the one before.',
  },
  METRIC_ATTRIBUTE_INVALID: {
    message:
      'the attribute {attribute} of the metric {name} {why}. Attributes are letters, digits, `.`, `_` or `-` after a letter, e.g. `http.route`.',
  },
  METRIC_VALUE_INVALID: {
    message: 'the metric {name} was given {value}; expected {expected}. The value is left out.',
  },
  METRIC_SERIES_LIMIT: {
    message:
      'the metric {name} has {limit} series; everything with further attributes is counted in one series marked `otel_metric_overflow`. Take attributes with few values: a route and not a URL, a kind of user and not a user.',
  },
  METRIC_CALLBACK_FAILED: {
    message: 'a callback observed for the metric {name} threw; its values are left out.',
  },
  HEALTH_INDICATOR_CONFLICT: {
    message: 'there is already a health indicator named {name}. Register the second one under another name.',
  },
  HEALTH_CHECK_FAILED: {
    message: 'the health indicator {name} failed: {why}. It counts as down.',
  },
});
