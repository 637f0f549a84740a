/* The groups of the venue looked at, for whoever shows their names or colours: fetched once, when first asked for. */
import { untrack } from 'svelte';
import { list } from '../api/client';
import type { Group } from '../api/types';
import { onChange } from './changes';
import { Resource } from './resource.svelte';
import { lookedAt } from './stores.svelte';

const groups = new Resource<Group[]>((path) => list<Group>(path));
onChange(['fixture_groups', 'fixture_group_members', 'fixtures'], () => void groups.load());

/* For components. */
export function useGroups(): Resource<Group[]> {
    $effect(() => {
        const id = lookedAt();
        untrack(() => groups.point(id ? `/venues/${id}/groups` : null));
    });
    return groups;
}

const byFixture = $derived.by(() => {
    const found = new Map<string, Group[]>();
    for (const g of groups.data ?? []) {
        for (const id of g.fixture_ids ?? []) found.set(id, [...(found.get(id) ?? []), g]);
    }
    return found;
});
const NONE: readonly Group[] = [];
/* The groups that a fixture is in, in their order. */
export const groupsOf = (fixtureId: string): readonly Group[] => byFixture.get(fixtureId) ?? NONE;
