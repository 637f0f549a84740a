import { expect, test } from 'vitest';
import { Resource } from './resource.svelte';

/* A lumad that answers when it is told to. */
function slow() {
    const answers: ((value: string) => void)[] = [];
    const resource = new Resource<string>(() => new Promise((answer) => answers.push(answer)));
    return { answers, resource };
}

test('when a load is through, what is there is no older than it, also where another was begun meanwhile', async () => {
    const { answers, resource } = slow();
    resource.point('/groups');
    const mine = resource.load();
    void resource.load();
    answers[1]!('mine');
    await mine;
    expect(resource.data).toBe('mine');
});

test('an answer that is overtaken by a newer one comes too late', async () => {
    const { answers, resource } = slow();
    resource.point('/groups');
    const [older, newer] = [resource.load(), resource.load()];
    answers[2]!('newer');
    await newer;
    answers[1]!('older');
    await older;
    expect(resource.data).toBe('newer');
});

test('what an edit was answered is not overtaken by what was asked for before it', async () => {
    const { answers, resource } = slow();
    resource.point('/groups');
    const older = resource.load();
    resource.put('edited');
    answers[1]!('older');
    await older;
    expect(resource.data).toBe('edited');
    const newer = resource.load();
    answers[2]!('newer');
    await newer;
    expect(resource.data).toBe('newer');
});

test('nothing of another path is shown', async () => {
    const { answers, resource } = slow();
    resource.point('/groups');
    resource.point('/fixtures');
    answers[0]!('groups');
    await Promise.resolve();
    expect(resource.data).toBeNull();
    answers[1]!('fixtures');
    await Promise.resolve();
    await Promise.resolve();
    expect(resource.data).toBe('fixtures');
});
