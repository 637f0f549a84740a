/* One question at a time; the answer is a promise. */
interface Question {
    title: string;
    text: string;
    yes: string;
    /* Else: Cancel. */
    no?: string;
}

class Asks {
    current = $state<Question | null>(null);
    private resolve: ((yes: boolean) => void) | null = null;

    ask(question: Question): Promise<boolean> {
        this.answer(false);
        this.current = question;
        return new Promise((resolve) => (this.resolve = resolve));
    }

    answer(yes: boolean) {
        this.current = null;
        this.resolve?.(yes);
        this.resolve = null;
    }
}

export const asks = new Asks();
