/**
 * What a browser opens: the web app at `/`, the interface's description at `/openapi`. A server of its own without a
 * socket, made at the first such request: most relays of a swarm are never asked for a page.
 */
import { stat } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import path from 'node:path';
import { LogController, fastify } from 'fastify';
import type { FastifyBaseLogger, FastifyReply } from 'fastify';
import { AppError } from '../../shared/errors.ts';
import { answerError } from './error-answer.ts';
import { DOCS_SECURITY_HEADERS, SECURITY_HEADERS } from './security-headers.ts';
import type { HttpServer } from './server.ts';

export interface PagesOptions {
  readonly webDir: string;
  readonly version: string;
}

type Handle = (request: IncomingMessage, response: ServerResponse) => void;

const NO_WEB_APP = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Lanvault relay</title>
<h1>This Lanvault relay is running</h1>
<p>It was started without a web app. In a checkout, <code>npm run build</code> makes one; then start the relay again.</p>
<p><a href="/status">Status</a> · <a href="/openapi">Interface</a></p>
</html>
`;

/** Serves every GET and HEAD that no other route takes. */
export function registerPages(server: HttpServer, options: PagesOptions): void {
  let pages: Promise<{ handle: Handle; close: () => Promise<void> }> | undefined;

  // Made once: it takes as long as hundreds of other answers.
  let document: Promise<string> | undefined;
  server.get('/openapi.json', async (_request, reply) => {
    document ??= openApiText(options.version);
    reply.header('cache-control', 'no-cache').type('application/json; charset=utf-8');
    return reply.send(await document);
  });

  server.route({
    method: ['GET', 'HEAD'],
    url: '/*',
    handler: async (request, reply) => {
      pages ??= createPages(options, server.log);
      const { handle } = await pages;
      reply.hijack();
      handle(request.raw, reply.raw);
    },
  });

  server.addHook('onClose', async () => {
    await (await pages)?.close();
  });
}

async function openApiText(version: string): Promise<string> {
  const { openApiDocument } = await import('./openapi.ts');
  return JSON.stringify(openApiDocument(version));
}

async function createPages(
  { webDir, version }: PagesOptions,
  log: FastifyBaseLogger,
): Promise<{ handle: Handle; close: () => Promise<void> }> {
  const [{ fastifyStatic }, { fastifySwagger }, { fastifySwaggerUi }, { openApiDocument }] =
    await Promise.all([
      import('@fastify/static'),
      import('@fastify/swagger'),
      import('@fastify/swagger-ui'),
      import('./openapi.ts'),
    ]);
  const pages = fastify({
    loggerInstance: log,
    logController: new LogController({ disableRequestLogging: true }),
    frameworkErrors: answerError,
  });
  pages.setErrorHandler(answerError);
  pages.setNotFoundHandler(() => {
    throw new AppError('NOT_FOUND', 'There is nothing here.');
  });
  pages.addHook('onRequest', (request, reply, done) => {
    reply.headers(request.url.startsWith('/openapi') ? DOCS_SECURITY_HEADERS : SECURITY_HEADERS);
    done();
  });

  // The plugin wants the document in its own type, which is wider than what we make.
  const document = openApiDocument(version) as never;
  await pages.register(fastifySwagger, { mode: 'static', specification: { document } });
  await pages.register(fastifySwaggerUi, {
    routePrefix: '/openapi',
    uiConfig: { validatorUrl: null, url: '/openapi.json', tryItOutEnabled: false },
  });

  if (await isFolder(webDir)) {
    await pages.register(fastifyStatic, {
      root: webDir,
      decorateReply: false,
      dotfiles: 'ignore',
      // What the build has put beside a file as `.br` and `.gz`.
      preCompressed: true,
      cacheControl: false,
      setHeaders: (reply, file) => cacheByName(reply, path.relative(webDir, file)),
    });
  } else {
    pages.get('/', (_request, reply) =>
      reply.header('cache-control', 'no-store').type('text/html; charset=utf-8').send(NO_WEB_APP),
    );
  }
  await pages.ready();
  return { handle: (request, response) => pages.routing(request, response), close: () => pages.close() };
}

/** Vite puts a hash of the content into names below `assets/`; everything else is asked about each time. */
function cacheByName(reply: FastifyReply, file: string): void {
  const hashed = file.startsWith(`assets${path.sep}`);
  reply.header('cache-control', hashed ? 'public, max-age=31536000, immutable' : 'no-cache');
}

async function isFolder(folder: string): Promise<boolean> {
  const stats = await stat(folder).catch(() => null);
  return stats?.isDirectory() === true;
}
