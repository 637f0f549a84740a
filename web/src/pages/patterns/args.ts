/* A pattern's argument as a row of the generic inspector. Pure. */
import type { GraphArg, Param } from '../../api/types';

export function argParam(arg: GraphArg): Param {
    return {
        id: arg.id,
        label: arg.name || arg.id,
        type: arg.type === 'scalar' ? 'float' : arg.type,
        default: typeof arg.default === 'object' && arg.default !== null ? expressionOf(arg.default) : arg.default,
        min: arg.min ?? null,
        max: arg.max ?? null,
        help: arg.help ?? null,
        options: arg.options ?? null,
    };
}

/* A selection is an expression, alone or with its spatial reference. */
export function expressionOf(value: unknown): unknown {
    if (typeof value === 'object' && value !== null && 'expression' in value) {
        return (value as { expression: unknown }).expression;
    }
    return value;
}

/* Keeps what else the value says beside the expression. */
export function withExpression(old: unknown, next: unknown): unknown {
    return typeof old === 'object' && old !== null && 'expression' in old ? { ...old, expression: next } : next;
}
