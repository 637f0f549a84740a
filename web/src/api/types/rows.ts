/* What every stored row has, and a page of them. */

export interface Row {
    id: string;
    created_at?: string;
    updated_at?: string;
    version: number;
}

export interface List<T> {
    items: T[];
    next: string | null;
}
