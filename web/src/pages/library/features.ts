/* What was heard, by kind. Pure. */
import type { Features } from '../../api/types';

/* Lists of rows ({kind, data}) and objects by kind are both understood. */
export function featuresOf(answer: unknown): Features {
    if (typeof answer !== 'object' || answer === null) return {};
    const items = Array.isArray(answer) ? answer : (answer as { items?: unknown }).items;
    if (!Array.isArray(items)) return answer as Features;
    return Object.fromEntries(
        items.flatMap((row: unknown) => {
            const { kind, data } = (row ?? {}) as { kind?: unknown; data?: unknown };
            return typeof kind === 'string' && data ? [[kind, data]] : [];
        }),
    ) as Features;
}
