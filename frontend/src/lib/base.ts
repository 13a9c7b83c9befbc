/**
 * Where the app is mounted, without a trailing slash ("" at the root). It follows from where this very chunk was
 * loaded (`<base>/assets/<chunk>.js`), so one build serves under any path of a proxy.
 */
export const basePath: string = import.meta.env.PROD ? new URL("..", import.meta.url).pathname.replace(/\/$/, "") : "";

export const buildPath = (id: number | string): string => `/ui/build/${id}`;
export const pipelinePath = (id: number | string): string => `/ui/pipeline/${id}`;
