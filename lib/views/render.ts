import { isPromise, whenSettled } from '../controllers/collect-arguments';
import { type PageMaker, type RouteDecorator, shapeRoute } from '../controllers/route-draft';
import { noteRoute } from '../controllers/route-notes';
import type { Exchange } from '../http/exchange';
import { isObservable, rx } from '../lifetime/observable';
import { UNMADE, viewErrors } from './errors';

/** What a page is sent as. */
const HTML_TYPE = 'text/html; charset=utf-8';

/**
 * Answers with a page: what the handler gives (a value, a promise's, an Observable's last) is what the view sees as `it`. A
 * handler that has answered by itself (`ctx.redirect()`) is left alone. On a route or a controller.
 *
 * In: the view, by its path below the folder of the option `views`, e.g. `users/list.html`.
 * Fails with: VIEWS_NOT_CONFIGURED, VIEW_UNKNOWN, VIEW_INVALID at start; VIEW_FAILED, VIEW_DATA_INVALID.
 */
export function Render(view: string): RouteDecorator {
  return shapeRoute((draft) => {
    const { place, rooms, mistakes, around } = draft;
    noteRoute(draft, 'view', view);
    const { views } = rooms;
    if (views === undefined) {
      mistakes.push(viewErrors.VIEWS_NOT_CONFIGURED({ place, view }));
      return;
    }
    mistakes.push(...views.check(view, place));
    // The view of a controller gives way to that of a route.
    const other = around.findIndex(({ phase }) => phase === 'page');
    if (other >= 0) around.splice(other, 1);
    around.push({ phase: 'page', run: (exchange, next) => toPage({ exchange, views, view, place }, next()) });
  });
}

/** A page of a view, where there may be no views. Fails with: VIEWS_NOT_CONFIGURED, and what making it fails with. */
export function makePage(views: PageMaker | undefined, view: string, data: unknown, place: string): string {
  if (views === undefined) throw viewErrors.VIEWS_NOT_CONFIGURED({ place, view }, UNMADE);
  return views.render(view, data, place);
}

interface Page {
  readonly exchange: Exchange;
  readonly views: PageMaker;
  readonly view: string;
  readonly place: string;
}

function toPage(page: Page, value: unknown): unknown {
  if (isPromise(value)) return whenSettled(value).then((settled) => toPage(page, settled));
  if (isObservable(value)) {
    const { takeLast, defaultIfEmpty, map } = rx();
    return value.pipe(
      takeLast(1),
      defaultIfEmpty(undefined),
      map((last) => toPage(page, last)),
    );
  }
  const { exchange, views, view, place } = page;
  if (exchange.replied || exchange.answering || exchange.wire.headSent || exchange.begun?.ended === true) return value;
  const html = views.render(view, value, place);
  if (exchange.field('content-type') === undefined) exchange.setField('content-type', HTML_TYPE);
  return html;
}
