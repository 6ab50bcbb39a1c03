/** A route's pattern as a path of a document. */
export interface PathTemplate {
  /** `/users/{id}`. */
  readonly path: string;
  /** The same for all patterns that differ in nothing but the names of their parameters. */
  readonly shape: string;
  /** In order: the name in the pattern (`*` for the rest), and in `path`. */
  readonly parameters: readonly PathParameter[];
}

export interface PathParameter {
  readonly name: string;
  readonly documentName: string;
  /** A regular expression it must match, where the pattern says one. */
  readonly pattern: string | undefined;
}

/** `:id`, its expression in parentheses and its question mark; a last `*`; a doubled colon, which is text. */
const PIECE = /::|:([A-Za-z_]\w*)(\((?:[^()\\]|\\.|\((?:[^()\\]|\\.)*\))*\))?(\??)|\*/g;

/** A pattern whose last parameter may be missing stands for two paths. */
export function pathTemplates(pattern: string): PathTemplate[] {
  const optional = /\/?:[A-Za-z_]\w*(\([^/]*\))?\?$/.exec(pattern);
  if (optional === null) return [template(pattern)];
  return [template(pattern.slice(0, optional.index) || '/'), template(pattern)];
}

function template(pattern: string): PathTemplate {
  const parameters: PathParameter[] = [];
  const path = pattern.replace(PIECE, (piece: string, name?: string, expression?: string) => {
    if (piece === '::') return ':';
    const documentName = name ?? freeName('path', pattern);
    parameters.push({ name: name ?? '*', documentName, pattern: expression?.slice(1, -1) });
    return `{${documentName}}`;
  });
  return { path, shape: path.replace(/\{[^}]*\}/g, '{}'), parameters };
}

function freeName(wanted: string, pattern: string): string {
  return new RegExp(`:${wanted}\\b`).test(pattern) ? freeName(`${wanted}Rest`, pattern) : wanted;
}

/** The same template with the parameter names of another one: a document may not have both. */
export function renamed(template: PathTemplate, like: PathTemplate): PathTemplate {
  const parameters = template.parameters.map((parameter, at) => ({
    ...parameter,
    documentName: like.parameters[at]?.documentName ?? parameter.documentName,
  }));
  return { path: like.path, shape: template.shape, parameters };
}
