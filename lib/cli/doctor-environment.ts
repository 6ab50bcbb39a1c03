import { X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { type Environment, readEnvironment } from '../application/environment';
import { isFrameworkError } from '../errors/framework-error';
import { examinePort, failure, type Finding, fine, warning } from './doctor-checks';
import type { Terminal } from './terminal';

const DEFAULT_PORT = 3_000;

const DAY_MS = 24 * 60 * 60 * 1_000;
/** Who renews by hand wants to hear of it before. */
const SOON_DAYS = 14;

/** What `serve` reads of the environment: what is wrong with it, whether the port is free, and the certificate it names. */
export async function examineEnvironment(env: Terminal['env'], port: string | undefined): Promise<Finding[]> {
  let environment: Environment;
  try {
    environment = readEnvironment(port === undefined ? env : { ...env, PORT: port }, DEFAULT_PORT);
  } catch (error) {
    if (!isFrameworkError(error)) throw error;
    const { mistakes = [error] } = error as { readonly mistakes?: readonly Error[] };
    return mistakes.map(({ message }) => failure('environment', message));
  }
  const { tls, port: chosen, host } = environment;
  const named = tls === undefined || tls === 'self-signed' ? [] : [examineCertificate(tls, Date.now())];
  return [await examinePort(chosen, host), ...named];
}

/** In: key and certificate as PEM text; milliseconds since 1970. */
export function examineCertificate({ key, cert }: { readonly key: string; readonly cert: string }, nowMs: number): Finding {
  const what = 'certificate';
  let certificate: X509Certificate;
  try {
    createSecureContext({ key, cert });
    certificate = new X509Certificate(cert);
  } catch (error) {
    return failure(what, `TLS_KEY and TLS_CERT cannot be used together: ${(error as Error).message}.`);
  }
  const { validFrom, validTo, subject } = certificate;
  const text = `of ${subject.replaceAll('\n', ', ')}, until ${validTo}`;
  if (Date.parse(validFrom) > nowMs) return failure(what, `${text}, but no sooner than from ${validFrom}.`);
  const days = Math.floor((Date.parse(validTo) - nowMs) / DAY_MS);
  if (days < 0) return failure(what, `${text}: its time is over. Renew it.`);
  return days < SOON_DAYS ? warning(what, `${text}: renew it soon.`) : fine(what, text);
}
