/** One of the app's modules does not parse. */
export class ModuleSyntaxError extends SyntaxError {
  /** `message` may end with the line and column, both from 1: `Unexpected token (1:14)`. */
  constructor(readonly path: string, message: string, options?: ErrorOptions) {
    super(message, options);
  }
}
