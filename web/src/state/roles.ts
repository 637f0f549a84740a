/* Roles in words. Pure. */
import type { Role } from '../api/types';

export const MAY: Record<Role, string> = {
    none: 'May look at nothing here.',
    viewer: 'May look at everything, and change nothing.',
    operator: 'May run the show and change venues, patterns, scores and the library.',
    admin: 'May do everything, settings, sound devices and who has access included.',
};

const LABELS: Record<Role, string> = { none: 'Nobody', viewer: 'Viewer', operator: 'Operator', admin: 'Admin' };
export const roleLabel = (role: string) => LABELS[role as Role] ?? role;

export const ROLES = (['viewer', 'operator', 'admin'] as const).map((value) => ({ value, label: LABELS[value] }));
/* Those that somebody with this role may give. */
export const rolesUpTo = (role: Role) => ROLES.slice(0, ROLES.findIndex((r) => r.value === role) + 1);

const WHO: Record<Exclude<Role, 'none'>, string> = { viewer: 'Somebody has to sign in', operator: 'Operators and admins can do this', admin: 'Admins can do this' };
export const needed = (least: Exclude<Role, 'none'>) => WHO[least];
