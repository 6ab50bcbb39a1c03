import { dirname, join } from 'node:path';
import type { StaticOptions } from 'rockstar-web';

const MINUTE_MS = 60_000;

/** What the page needs, on its way before the page is. Less than all: what comes first. */
export const ASSETS = ['/static/dashboard.css', '/static/vendor/uPlot.min.css', '/static/vendor/uPlot.iife.min.js'];

/** Browsers ask for modules as if they were from elsewhere, and a link has to say so. */
export const MODULES = [
  '/static/dashboard.js',
  '/static/elements.js',
  '/static/format.js',
  '/static/charts.js',
  '/static/breakers.js',
  '/static/panels.js',
  '/static/live.js',
];

/** The page's own files, and the charts' as they are installed: nothing comes from another host. */
export const FOLDERS: readonly StaticOptions[] = [
  { root: dirname(require.resolve('uplot/dist/uPlot.iife.min.js')), prefix: '/static/vendor', maxAgeMs: MINUTE_MS },
  { root: join(__dirname, '..', 'public'), prefix: '/static', maxAgeMs: MINUTE_MS },
];
