/*
 * A switch or a list moves under the hand before lumad has answered. When the answer is
 * there, or after a while where nobody tells, it stands again where its owner says.
 */
const A_WHILE_MS = 600;

export function settle(result: unknown, show: () => void) {
    if (result instanceof Promise) void result.then(show, show);
    else setTimeout(show, A_WHILE_MS);
}
