/**
 * HTTP/1.1 with limits, on Netty: connections, requests that are received whole or refused, answers and streams of
 * events. It knows nothing of models. {@link org.diffusionclassifier.server.http.HttpServer} is where to start.
 */
package org.diffusionclassifier.server.http;
