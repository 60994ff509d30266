package org.diffusionclassifier.server.http;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.timeout.WriteTimeoutHandler;
import io.netty.util.concurrent.ImmediateEventExecutor;
import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.diffusionclassifier.tensor.InputException;

/**
 * Listens on an address and hands on whole requests. Two threads serve all connections, so that a slow client holds
 * some bytes and no thread. Leans on Netty for sockets and the syntax of HTTP, and on {@link Connection} for limits.
 */
public final class HttpServer implements AutoCloseable {

    private static final int THREADS = 2;

    private final EventLoopGroup threads;
    private final Channel listening;
    private final ChannelGroup open = new DefaultChannelGroup(ImmediateEventExecutor.INSTANCE);
    private final HttpLimits limits;
    private final AtomicLong bodies = new AtomicLong();
    private final AtomicInteger connections = new AtomicInteger();

    /**
     * Listens from now on.
     *
     * @param handler gets each request and sees to its answer, soon or later; must return at once
     * @throws InputException if the address cannot be had
     */
    public HttpServer(InetSocketAddress address, HttpLimits limits, Consumer<Exchange> handler) {
        this.limits = limits;
        threads = new MultiThreadIoEventLoopGroup(THREADS, NioIoHandler.newFactory());
        var bootstrap = new ServerBootstrap().group(threads).channel(NioServerSocketChannel.class)
                .option(ChannelOption.SO_REUSEADDR, true)
                .childHandler(new ChannelInitializer<SocketChannel>() {
                    @Override
                    protected void initChannel(SocketChannel channel) {
                        accept(channel, handler);
                    }
                });
        var bound = bootstrap.bind(address).awaitUninterruptibly();
        if (!bound.isSuccess()) {
            threads.shutdownGracefully(0, 1, TimeUnit.SECONDS);
            throw InputException.of("%s %s, %s %d: cannot be listened on: %s", InputException.field("host"),
                    address.getHostString(), InputException.field("port"), address.getPort(),
                    bound.cause().getMessage());
        }
        listening = bound.channel();
    }

    private void accept(SocketChannel channel, Consumer<Exchange> handler) {
        if (connections.incrementAndGet() > limits.connections()) {
            connections.decrementAndGet();
            channel.close();
            return;
        }
        channel.closeFuture().addListener(closed -> connections.decrementAndGet());
        open.add(channel);
        var connection = new Connection(limits, bodies, handler);
        channel.pipeline().addLast(new ChannelInboundHandlerAdapter() {
            @Override
            public void channelRead(ChannelHandlerContext context, Object bytes) {
                connection.began();
                context.fireChannelRead(bytes);
            }
        }, new WriteTimeoutHandler(limits.send().toMillis(), TimeUnit.MILLISECONDS),
                new HttpServerCodec(new HttpDecoderConfig().setMaxInitialLineLength(limits.line())
                        .setMaxHeaderSize(limits.headers())), connection);
    }

    /** Where it listens; the port that was chosen, where 0 was asked for. */
    public InetSocketAddress address() {
        return (InetSocketAddress) listening.localAddress();
    }

    /** Takes no more connections. Those that are there stay. */
    public void refuseConnections() {
        listening.close().awaitUninterruptibly();
    }

    /**
     * Closes all connections, when what was written to them is sent. The end of a thread would close them at once, so an
     * empty write is sent after the answers and waited for.
     */
    @Override
    public void close() {
        refuseConnections();
        open.writeAndFlush(Unpooled.EMPTY_BUFFER).awaitUninterruptibly(limits.send().toMillis());
        threads.shutdownGracefully(100, 2000, TimeUnit.MILLISECONDS).awaitUninterruptibly();
    }
}
