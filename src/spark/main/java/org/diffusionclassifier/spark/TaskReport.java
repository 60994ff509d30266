package org.diffusionclassifier.spark;

import java.io.Serializable;

/** What a task tells the driver. */
interface TaskReport extends Serializable {

    /** Why the run has to end, in one line; null if it has not. */
    String refusal();
}
