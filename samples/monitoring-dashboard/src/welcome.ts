/** What the tokens are called where they are set, else what they are. */
function shown(name: 'ADMIN_TOKEN' | 'VIEW_TOKEN', token: string): string {
  return process.env[name] === token ? `$${name}` : token;
}

/** What to try first. */
export function welcome({ origin }: URL, { admin, view }: { readonly admin: string; readonly view: string | undefined }): string {
  const mayView = view === undefined ? '' : ` -H "Authorization: Bearer ${shown('VIEW_TOKEN', view)}"`;
  return `
  Open ${origin}/dashboard
  (its certificate is self-signed: the browser asks once)

  curl -k ${origin}/api/overview
  curl -kN --http1.1${mayView} ${origin}/tail
  curl -k -X POST -H "Authorization: Bearer ${shown('ADMIN_TOKEN', admin)}" ${origin}/breakers/payments/force-open
`;
}
