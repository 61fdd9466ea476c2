/** Routes that take JSON, apart from those that take bytes: the parser belongs to their part of the server alone. */
import { AppError } from '../../shared/errors.ts';
import { parseJson } from '../../shared/protocol/schemas.ts';
import type { HttpServer } from './server.ts';

/** After `registerChunkRoutes`, which takes the server's parsers away. Each route sets its own `bodyLimit`. */
export async function withJsonBodies(
  server: HttpServer,
  register: (scope: HttpServer) => void,
): Promise<void> {
  await server.register((scope, _options, registered) => {
    scope.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, text, parsed) => {
      let value: unknown;
      try {
        value = parseJson(String(text), 'The body');
      } catch (cause) {
        parsed(AppError.from(cause));
        return;
      }
      parsed(null, value);
    });
    register(scope);
    registered();
  });
}
