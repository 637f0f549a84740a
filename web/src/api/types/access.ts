/* Who may do what, and who did. */

/* Who may do what; each may all that the ones before may. */
export type Role = 'none' | 'viewer' | 'operator' | 'admin';

/* GET /auth/me */
export interface Me {
    needs_setup: boolean; /* no password was set yet */
    role: Role;
    via: 'loopback' | 'session' | 'token' | null;
    user: { id: string; name: string; role: Role } | null;
    expires_at: string | null;
}

export interface User {
    id: string;
    name: string;
    role: Role;
    created_at: string;
    updated_at: string;
}

export interface Token {
    id: string;
    name: string;
    role: Role;
    user_name: string;
    created_at: string;
    last_used_at: string | null;
    expires_at: string | null;
}

/* A browser that is signed in. */
export interface SignedIn {
    id: string;
    user_name: string;
    address: string;
    user_agent: string;
    created_at: string;
    last_used_at: string;
    is_this: boolean;
}

export interface AuditLine {
    id: number;
    at: string;
    user_name: string;
    role: string;
    address: string;
    action: string;
    table: string | null;
    row_id: string | null;
    detail: Record<string, unknown> | null;
}
